#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "server/security/guard.h"

namespace parallax::server {

/// TLS of the gRPC port with the certificates of `files`, which every handshake asks for anew; a
/// client certificate is asked for where there is a client CA. TLS 1.2 and 1.3.
///
/// Not grpc::experimental::TlsServerCredentials with its FileWatcherCertificateProvider: that reads
/// key and certificate one after the other, and from one that does not fit until the next second's
/// look every handshake fails (grpc 1.51). REQUIRES: a listening address that is one socket, since
/// grpc 1.51 lets go of the old certificates without a lock; one socket's handshakes begin one
/// after the other. Credentials and `files` outlive the server.
std::shared_ptr<grpc::ServerCredentials> TlsCredentials(security::TlsFiles& files,
                                                        security::ClientCertificates certificates);

}  // namespace parallax::server
