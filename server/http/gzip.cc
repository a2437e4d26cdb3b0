#include "server/http/gzip.h"

#include <zlib.h>

#include "core/base/check.h"

namespace parallax::server::http {

std::string Gzip(std::string_view bytes) {
  constexpr int kWindowBits = 15;
  constexpr int kGzipHeader = 16;  // added to the window bits
  constexpr int kMemoryLevel = 8;
  z_stream stream = {};
  PARALLAX_CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kWindowBits + kGzipHeader,
                              kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  // zlib reads through a pointer that is not const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  PARALLAX_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace parallax::server::http
