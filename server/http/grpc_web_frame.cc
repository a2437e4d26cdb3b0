#include "server/http/grpc_web_frame.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace parallax::server::http {
namespace {

constexpr unsigned char kCompressed = 0x01;
constexpr unsigned char kTrailer = 0x80;

std::string Frame(unsigned char flags, std::string_view content) {
  std::string frame(1, static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>((content.size() >> shift) & 0xff));
  }
  return frame.append(content);
}

}  // namespace

absl::StatusOr<std::string> ReadMessageFrame(std::string_view body) {
  if (body.size() < kFrameHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "request body = %u bytes, must be one gRPC-Web frame: 5 bytes and a message", body.size()));
  }
  const auto byte = [body](size_t i) { return static_cast<unsigned char>(body[i]); };
  if (byte(0) == kCompressed) {
    return absl::UnimplementedError(
        "request frame is compressed, which is not supported; send it with flags 0");
  }
  if (byte(0) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("request frame has flags 0x%02x, must be 0", byte(0)));
  }
  uint64_t length = 0;
  for (size_t i = 1; i < kFrameHeaderBytes; ++i) length = length << 8 | byte(i);
  const std::string_view content = body.substr(kFrameHeaderBytes);
  if (length != content.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("request frame says %u bytes, but %u follow; a request is one frame",
                        length, content.size()));
  }
  return std::string(content);
}

std::string MessageFrame(std::string_view message) { return Frame(0, message); }

std::string TrailerFrame(const Headers& trailers) {
  std::string lines;
  for (const auto& [name, value] : trailers) {
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  return Frame(kTrailer, lines);
}

}  // namespace parallax::server::http
