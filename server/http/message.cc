#include "server/http/message.h"

namespace parallax::server::http {

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

size_t Request::CountHeader(std::string_view name) const {
  size_t count = 0;
  for (const auto& [key, value] : headers) count += key == name ? 1 : 0;
  return count;
}

std::string_view Request::Path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

}  // namespace parallax::server::http
