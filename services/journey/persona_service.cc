#include "services/journey/persona_service.h"

#include "common/rpc/status.h"
#include "services/journey/edition_convert.h"
#include "waymark/journey/v1/persona.grpc.pb.h"

namespace waymark::journey {
namespace {

using rpc::Permission;

class PersonaServiceImpl final : public v1::PersonaService::Service {
 public:
  PersonaServiceImpl(const rpc::Authorizer& authorizer, Editions<PersonaKind>& personas)
      : authorizer_(authorizer), personas_(personas) {}

  grpc::Status CreatePersona(grpc::ServerContext* context, const v1::CreatePersonaRequest* request,
                             v1::CreatePersonaResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewEdition wanted, ToFirstEdition<PersonaKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, personas_.Create(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetPersona(grpc::ServerContext* context, const v1::GetPersonaRequest* request,
                          v1::GetPersonaResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string id, ToEditionId(EditionKind::kPersona, request->persona_id()));
    ASSIGN_OR_RETURN_GRPC(*response, personas_.Get(caller.workspace, id, request->number()));
    return grpc::Status::OK;
  }

  grpc::Status ListPersonas(grpc::ServerContext* context, const v1::ListPersonasRequest* request,
                            v1::ListPersonasResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const EditionPage page, ToEditionPage<PersonaKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, personas_.List(page));
    return grpc::Status::OK;
  }

  grpc::Status UpdatePersona(grpc::ServerContext* context, const v1::UpdatePersonaRequest* request,
                             v1::UpdatePersonaResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewEdition wanted, ToNextEdition<PersonaKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, personas_.Update(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ArchivePersona(grpc::ServerContext* context, const v1::ArchivePersonaRequest* request,
                              v1::ArchivePersonaResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const EditionArchival wanted, ToArchival<PersonaKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, personas_.Archive(wanted));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editions<PersonaKind>& personas_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakePersonaService(const rpc::Authorizer& authorizer, Editions<PersonaKind>& personas) {
  return std::make_shared<PersonaServiceImpl>(authorizer, personas);
}

}  // namespace waymark::journey
