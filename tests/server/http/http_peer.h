#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace parallax::server::http {

struct HttpAnswer {
  int status = 0;                                   ///< 0: the connection ended before the head
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;                                 ///< without the marks of chunks
  bool complete = false;

  /// The only value of a header; empty where there is none, or several.
  std::string Header(const std::string& name) const;
};

/// A client of bytes on a socket, which can do what browsers do not. Every read gives up after ten
/// seconds.
class HttpPeer {
 public:
  explicit HttpPeer(int port);
  ~HttpPeer() { Close(); }
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  /// False where the server is gone.
  bool Send(const std::string& bytes) const;
  /// One answer; `method` is that of its request, for HEAD has no body.
  HttpAnswer Read(const std::string& method = "GET");
  /// The next bytes that arrive; empty at the end.
  std::string ReadSome();
  /// The first `count` bytes of what comes, from chunks; less where the server ends before.
  std::string ReadChunks(size_t count);
  /// The head alone.
  HttpAnswer ReadHead();
  /// True where the server closes within ten seconds, whatever it says before.
  bool AwaitClose() const;
  void Close();

  using Fields = std::vector<std::pair<std::string, std::string>>;
  /// Sends one request, with Host and Content-Length, and reads its answer.
  HttpAnswer Ask(const std::string& method, const std::string& target, const Fields& fields = {},
                 const std::string& body = "");

  /// Request bytes: "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\n…".
  static std::string Bytes(const std::string& method, const std::string& target,
                           const Fields& fields, const std::string& body);

 private:
  bool Fill();
  bool FillUntil(const std::string& mark);
  bool ReadChunk(std::string* chunk);

  int fd_ = -1;
  std::string buffer_;
};

/// The frames of a gRPC-Web body: messages, and what the trailers' frame says.
struct GrpcWebBody {
  std::vector<std::string> messages;
  std::map<std::string, std::string> trailers;
  bool well_formed = false;
};
GrpcWebBody ParseGrpcWeb(const std::string& body);

}  // namespace parallax::server::http
