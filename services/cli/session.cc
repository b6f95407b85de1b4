#include "services/cli/session.h"

#include "services/cli/yaml.h"

namespace waymark::cli {

bool WriteStructured(const Session& session, const google::protobuf::Message& message) {
  switch (session.format) {
    case Format::kTable:
      return false;
    case Format::kJson:
      session.out << WriteJson(message);
      return true;
    case Format::kYaml:
      session.out << WriteYaml(message, Fields::kAll);
      return true;
  }
  return false;
}

}  // namespace waymark::cli
