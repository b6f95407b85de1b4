#include "tests/clients/story.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/flows/deployment.h"
#include "tests/support/process.h"
#include "tests/support/redis_server.h"

namespace waymark::clients {
namespace {

constexpr char kStory[] =
    "published onboarding\n"
    "acknowledged 2 messages\n"
    "watched: setup, adoption\n"
    "listed 8 customers in 3 pages\n"
    "refused: INVALID_ARGUMENT, page_size\n"
    "calling\n"
    "300 calls, 0 failed\n"
    "stage: adoption\n";

}  // namespace

std::string TellStory(std::vector<std::string> client) {
  const support::RedisServer redis;  // Replicas tell each other where customers stand.
  flows::Deployment deployment(sql::Engine::kPostgres, redis.url());
  for (const char* service : {"journey", "milestone", "milestone#2"}) deployment.Start(service);
  client.push_back(deployment.address("journey"));
  client.push_back(absl::StrCat(deployment.address("milestone"), ",", deployment.address("milestone#2")));
  const auto process = support::Process::Start({.argv = client});
  if (!process.ok()) return process.status().ToString();
  const auto calling = (*process)->WaitForLine("calling", absl::Minutes(2));
  if (calling.ok()) deployment.Kill("milestone#2");
  const auto code = (*process)->Wait(absl::Minutes(2));
  const std::string out = (*process)->Out(), err = (*process)->Err();
  if (!code.ok()) return absl::StrCat(code.status().ToString(), "\n", out, err);
  if (*code != 0) return absl::StrCat("it ended with ", *code, "\n", out, err);
  if (out != kStory) return absl::StrCat("it told\n", out, "\ninstead of\n", kStory, "\n", err);
  return "";
}

}  // namespace waymark::clients
