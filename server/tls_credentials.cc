#include "server/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>
#include <utility>

#include "core/base/check.h"

namespace parallax::server {
namespace {

using security::ClientCertificates;
using security::TlsMaterial;

grpc_ssl_client_certificate_request_type RequestOf(const TlsMaterial& material,
                                                   ClientCertificates certificates) {
  if (material.client_ca_pem.empty()) return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  return certificates == ClientCertificates::kRequired
             ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
             : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY;
}

grpc_ssl_server_certificate_config* ConfigOf(const TlsMaterial& material) {
  const grpc_ssl_pem_key_cert_pair pair = {.private_key = material.key_pem.c_str(),
                                           .cert_chain = material.certificate_pem.c_str()};
  return grpc_ssl_server_certificate_config_create(
      material.client_ca_pem.empty() ? nullptr : material.client_ca_pem.c_str(), &pair, 1);
}

class ReloadingCredentials final : public grpc::ServerCredentials {
 public:
  ReloadingCredentials(security::TlsFiles& files, ClientCertificates certificates)
      : files_(files), certificates_(certificates) {}

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {
    PARALLAX_CHECK(false);  // who calls is decided by the Guard
  }

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    grpc_server_credentials* const credentials = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            RequestOf(*files_.Current(), certificates_), &ReloadingCredentials::Fetch, this));
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  /// With every handshake; those of one socket come one after the other.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto& credentials = *static_cast<ReloadingCredentials*>(self);
    std::shared_ptr<const TlsMaterial> material = credentials.files_.Current();
    if (material == credentials.material_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    *config = ConfigOf(*material);
    credentials.material_ = std::move(material);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  security::TlsFiles& files_;
  const ClientCertificates certificates_;
  std::shared_ptr<const TlsMaterial> material_;  ///< what gRPC has
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(security::TlsFiles& files,
                                                        ClientCertificates certificates) {
  return std::make_shared<ReloadingCredentials>(files, certificates);
}

}  // namespace parallax::server
