#include "tests/journey/documented_errors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;

TEST(DocumentedErrorsTest, EveryCodeOfEveryCommentIsRead) {
  constexpr char kProto[] = R"(
// Keeps things.
//
// Errors of every call besides those that it names: UNAUTHENTICATED, by the credential.
service ThingService {
  // Makes a thing.
  //
  // Errors:
  //   INVALID_ARGUMENT  the id is malformed, which is a long story and goes on below
  //                     NOT_FOUND in this place is a word of it.
  //   ABORTED           it has changed.
  rpc MakeThing(MakeThingRequest) returns (MakeThingResponse);

  // Counts things; has no errors.
  rpc CountThings(CountThingsRequest) returns (CountThingsResponse);

  // Errors:
  //   NOT_FOUND  no such thing.
  rpc GetThing(GetThingRequest) returns (GetThingResponse);
}
)";
  EXPECT_THAT(DocumentedErrors(kProto),
              ElementsAre(RpcError("ThingService.GetThing", "NOT_FOUND"), RpcError("ThingService.MakeThing", "ABORTED"),
                          RpcError("ThingService.MakeThing", "INVALID_ARGUMENT")));
}

}  // namespace
}  // namespace waymark::journey
