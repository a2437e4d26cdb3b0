#include "server/http/tls_contexts.h"

#include <boost/asio/buffer.hpp>

#include "core/base/check.h"

namespace parallax::server::http {
namespace {

namespace net = boost::asio;

std::shared_ptr<net::ssl::context> ContextOf(const security::TlsMaterial& material) {
  auto context = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 |
                           net::ssl::context::no_tlsv1_1 | net::ssl::context::no_compression,
                       error);
  if (!error) context->use_certificate_chain(net::buffer(material.certificate_pem), error);
  if (!error)
    context->use_private_key(net::buffer(material.key_pem), net::ssl::context::pem, error);
  PARALLAX_CHECK(!error);  // TlsFiles has seen that they fit
  return context;
}

}  // namespace

std::shared_ptr<net::ssl::context> TlsContexts::Current() {
  if (files_ == nullptr) return nullptr;
  std::shared_ptr<const security::TlsMaterial> material = files_->Current();
  if (material != material_) {
    context_ = ContextOf(*material);
    material_ = std::move(material);
  }
  return context_;
}

}  // namespace parallax::server::http
