#pragma once

#include <utility>  // Boost.Asio 1.74 uses std::exchange and does not say so
//
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "server/security/tls_files.h"

namespace parallax::server::http {

/// Makes a context of TLS of whatever certificates are in force as a connection comes in; no client
/// certificate is asked for, since a browser would ask its user in turn. TLS 1.2 and 1.3. One
/// thread's.
class TlsContexts {
 public:
  /// @param files  outlives it; null: plain text
  explicit TlsContexts(security::TlsFiles* files) : files_(files) {}

  /// Null for plain text.
  std::shared_ptr<boost::asio::ssl::context> Current();

 private:
  security::TlsFiles* const files_;
  std::shared_ptr<const security::TlsMaterial> material_;  ///< what `context_` was made of
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace parallax::server::http
