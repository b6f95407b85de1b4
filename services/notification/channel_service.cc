#include "services/notification/channel_service.h"

#include "common/rpc/status.h"
#include "services/notification/convert.h"
#include "waymark/notification/v1/channel.grpc.pb.h"

namespace waymark::notification {
namespace {

using rpc::Permission;

class ChannelServiceImpl final : public v1::ChannelService::Service {
 public:
  ChannelServiceImpl(const rpc::Authorizer& authorizer, Editor& editor, Catalog& catalog)
      : authorizer_(authorizer), editor_(editor), catalog_(catalog) {}

  grpc::Status CreateChannel(grpc::ServerContext* context, const v1::CreateChannelRequest* request,
                             v1::CreateChannelResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const NewChannel wanted, ToNewChannel(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, editor_.CreateChannel(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetChannel(grpc::ServerContext* context, const v1::GetChannelRequest* request,
                          v1::GetChannelResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string channel_id, ToChannelId(request->channel_id()));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.GetChannel(caller.workspace, channel_id));
    return grpc::Status::OK;
  }

  grpc::Status ListChannels(grpc::ServerContext* context, const v1::ListChannelsRequest* request,
                            v1::ListChannelsResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Page page, ToPage(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, catalog_.ListChannels(page));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editor& editor_;
  Catalog& catalog_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeChannelService(const rpc::Authorizer& authorizer, Editor& editor, Catalog& catalog) {
  return std::make_shared<ChannelServiceImpl>(authorizer, editor, catalog);
}

}  // namespace waymark::notification
