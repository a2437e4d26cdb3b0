#include "tests/server/http/http_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "core/base/check.h"

namespace parallax::server::http {
namespace {

constexpr int kPatienceSeconds = 10;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "name: value" of a line.
std::pair<std::string, std::string> Field(const std::string& line) {
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return {line, ""};
  const size_t value = line.find_first_not_of(' ', colon + 1);
  return {Lower(line.substr(0, colon)), value == std::string::npos ? "" : line.substr(value)};
}

}  // namespace

std::string HttpAnswer::Header(const std::string& name) const {
  return headers.count(name) == 1 ? headers.find(name)->second : "";
}

HttpPeer::HttpPeer(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  PARALLAX_CHECK(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Close();
}

void HttpPeer::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

bool HttpPeer::Send(const std::string& bytes) const {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

bool HttpPeer::Fill() {
  char bytes[16384];
  const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
  if (n > 0) buffer_.append(bytes, static_cast<size_t>(n));
  return n > 0;
}

bool HttpPeer::FillUntil(const std::string& mark) {
  while (buffer_.find(mark) == std::string::npos) {
    if (!Fill()) return false;
  }
  return true;
}

std::string HttpPeer::ReadSome() {
  if (buffer_.empty()) Fill();
  return std::exchange(buffer_, "");
}

HttpAnswer HttpPeer::ReadHead() {
  HttpAnswer answer;
  if (!FillUntil("\r\n\r\n")) return answer;
  const size_t end = buffer_.find("\r\n\r\n");
  std::istringstream lines(buffer_.substr(0, end));
  buffer_.erase(0, end + 4);
  std::string line;
  std::getline(lines, line);
  answer.status = std::atoi(line.substr(line.find(' ') + 1).c_str());
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    answer.headers.insert(Field(line));
  }
  return answer;
}

bool HttpPeer::ReadChunk(std::string* chunk) {
  if (!FillUntil("\r\n")) return false;
  const size_t size = std::stoul(buffer_, nullptr, 16);
  const size_t begin = buffer_.find("\r\n") + 2;
  while (buffer_.size() < begin + size + 2) {
    if (!Fill()) return false;
  }
  *chunk = buffer_.substr(begin, size);
  buffer_.erase(0, begin + size + 2);
  return true;
}

std::string HttpPeer::ReadChunks(size_t count) {
  std::string bytes;
  for (std::string chunk; bytes.size() < count && ReadChunk(&chunk) && !chunk.empty();) {
    bytes += chunk;
  }
  return bytes;
}

HttpAnswer HttpPeer::Read(const std::string& method) {
  HttpAnswer answer = ReadHead();
  const bool no_body = method == "HEAD" || answer.status == 204 || answer.status == 304;
  if (answer.status == 0 || no_body) {
    answer.complete = answer.status != 0;
    return answer;
  }
  if (answer.Header("transfer-encoding") == "chunked") {
    for (std::string chunk; ReadChunk(&chunk); answer.body += chunk) {
      if (chunk.empty()) {
        answer.complete = true;
        break;
      }
    }
    return answer;
  }
  const size_t size = std::stoul("0" + answer.Header("content-length"));
  while (buffer_.size() < size && Fill()) {
  }
  answer.complete = buffer_.size() >= size;
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

bool HttpPeer::AwaitClose() const {
  for (;;) {
    char byte = 0;
    const ssize_t n = recv(fd_, &byte, 1, 0);
    if (n == 0) return true;
    if (n < 0) return errno == ECONNRESET;
  }
}

HttpAnswer HttpPeer::Ask(const std::string& method, const std::string& target, const Fields& fields,
                         const std::string& body) {
  return Send(Bytes(method, target, fields, body)) ? Read(method) : HttpAnswer();
}

std::string HttpPeer::Bytes(const std::string& method, const std::string& target,
                            const Fields& fields, const std::string& body) {
  std::string bytes = method + " " + target + " HTTP/1.1\r\n";
  const auto named = [&fields](const std::string& name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&name](const auto& field) { return Lower(field.first) == name; });
  };
  if (!named("host")) bytes += "Host: 127.0.0.1\r\n";
  for (const auto& [name, value] : fields) bytes.append(name).append(": ").append(value) += "\r\n";
  if (!body.empty() && !named("content-length") && !named("transfer-encoding")) {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return bytes + "\r\n" + body;
}

GrpcWebBody ParseGrpcWeb(const std::string& body) {
  constexpr size_t kFrameHead = 5;
  GrpcWebBody parsed;
  for (size_t at = 0; at + kFrameHead <= body.size();) {
    size_t size = 0;
    for (size_t i = 1; i < kFrameHead; ++i) {
      size = size << 8 | static_cast<unsigned char>(body[at + i]);
    }
    const std::string content = body.substr(at + kFrameHead, size);
    const bool trailers = static_cast<unsigned char>(body[at]) == 0x80;
    at += kFrameHead + size;
    if (!trailers) {
      parsed.messages.push_back(content);
      continue;
    }
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
      parsed.trailers.insert(Field(line.substr(0, line.find('\r'))));
    }
    parsed.well_formed = at == body.size();  // it is the last
  }
  return parsed;
}

}  // namespace parallax::server::http
