#include "services/cli/session.h"

#include "common/document/document.h"

namespace waymark::cli {

bool WriteStructured(const Session& session, const google::protobuf::Message& message) {
  switch (session.format) {
    case Format::kTable:
      return false;
    case Format::kJson:
      session.out << document::WriteJson(message, document::Fields::kAll);
      return true;
    case Format::kYaml:
      session.out << document::WriteYaml(message, document::Fields::kAll);
      return true;
  }
  return false;
}

}  // namespace waymark::cli
