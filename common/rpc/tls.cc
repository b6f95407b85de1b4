#include "common/rpc/tls.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/status.h"

namespace waymark::rpc {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

constexpr unsigned kLookEverySeconds = 1;

using File = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

File Open(const std::string& path) { return File(BIO_new_file(path.c_str(), "r"), BIO_free_all); }

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  const File file = Open(path);
  Certificate certificate(file == nullptr ? nullptr : PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr),
                          X509_free);
  if (certificate != nullptr) return certificate;
  return absl::InvalidArgumentError(absl::StrCat("cannot read a PEM certificate from ", path));
}

absl::StatusOr<Key> ReadKey(const std::string& path) {
  // A key with a passphrase has nobody to type it: refuse rather than ask on the terminal.
  pem_password_cb* const no_passphrase = [](char*, int, int, void*) { return -1; };
  const File file = Open(path);
  Key key(file == nullptr ? nullptr : PEM_read_bio_PrivateKey(file.get(), nullptr, no_passphrase, nullptr),
          EVP_PKEY_free);
  if (key != nullptr) return key;
  return absl::InvalidArgumentError(absl::StrCat("cannot read a PEM private key without passphrase from ", path));
}

absl::Status CheckNotExpired(const X509& certificate, const std::string& path) {
  const ASN1_TIME* const end = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(end) > 0) return absl::OkStatus();
  tm when{};
  ASN1_TIME_to_tm(end, &when);
  return absl::InvalidArgumentError(
      absl::StrCat("the certificate ", path, " expired on ",
                   absl::FormatCivilTime(absl::CivilDay(when.tm_year + 1900, when.tm_mon + 1, when.tm_mday)),
                   ": put a new one there"));
}

// gRPC reads the files by itself and only logs what is wrong with them, call after call; so they are tried first.
absl::Status CheckPair(const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() || key_file.empty()) {
    return absl::InvalidArgumentError("a TLS certificate and its key must be given together");
  }
  ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(cert_file));
  RETURN_IF_ERROR(CheckNotExpired(*certificate, cert_file));
  ASSIGN_OR_RETURN(const Key key, ReadKey(key_file));
  if (X509_check_private_key(certificate.get(), key.get()) == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the key ", key_file, " does not belong to ", cert_file));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const ServerTls& tls) {
  if (tls.cert_file.empty() && tls.key_file.empty() && tls.client_ca_file.empty()) {
    return grpc::InsecureServerCredentials();
  }
  RETURN_IF_ERROR(CheckPair(tls.cert_file, tls.key_file));
  if (!tls.client_ca_file.empty()) RETURN_IF_ERROR(ReadCertificate(tls.client_ca_file).status());
  grpc::experimental::TlsServerCredentialsOptions options(std::make_shared<FileWatcherCertificateProvider>(
      tls.key_file, tls.cert_file, tls.client_ca_file, kLookEverySeconds));
  options.watch_identity_key_cert_pairs();
  if (!tls.client_ca_file.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const ClientTls& tls) {
  if (tls.ca_file.empty()) return grpc::InsecureChannelCredentials();
  RETURN_IF_ERROR(ReadCertificate(tls.ca_file).status());
  const bool own = !tls.cert_file.empty() || !tls.key_file.empty();
  if (own) RETURN_IF_ERROR(CheckPair(tls.cert_file, tls.key_file));
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<FileWatcherCertificateProvider>(tls.key_file, tls.cert_file, tls.ca_file, kLookEverySeconds));
  options.watch_root_certs();
  if (own) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace waymark::rpc
