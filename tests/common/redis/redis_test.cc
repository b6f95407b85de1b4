#include "common/redis/redis.h"

#include <atomic>
#include <map>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ports.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace waymark::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Waits long, for tests of what is answered: a slow machine must not change it.
Options Patient(const std::string& url) {
  return {.url = url, .timeout = absl::Seconds(30), .breaker_pause = absl::Milliseconds(20)};
}

std::unique_ptr<Client> Connect(const Options& options) {
  auto client = Client::Create(options);
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

std::string Text(const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return reply.status().ToString();
  return reply->text.value_or("(nil)");
}

absl::StatusCode Code(const absl::StatusOr<Reply>& reply) { return reply.status().code(); }

// A number of Redis' own statistics.
int64_t Statistic(Client& client, absl::string_view section, absl::string_view name) {
  const std::string info = Text(client.Call(Client::Command{"INFO", std::string(section)}));
  int64_t value = -1;
  for (absl::string_view line : absl::StrSplit(info, "\r\n")) {
    if (absl::ConsumePrefix(&line, absl::StrCat(name, ":")) && !absl::SimpleAtoi(line, &value)) ADD_FAILURE() << line;
  }
  return value;
}

// Asks until Redis answers.
bool Heals(Client& client) {
  const absl::Time patience = absl::Now() + absl::Seconds(60);
  while (absl::Now() < patience) {
    if (client.Call({"PING"}).ok()) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(RedisTest, AMalformedUrlIsInvalid) {
  EXPECT_EQ(Client::Create({.url = "cache:6379"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RedisTest, AnswersWithWhatRedisSaid) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  EXPECT_EQ(Text(client->Call({"SET", "acme", std::string("on\0board\r\n", 10)})), "OK");
  EXPECT_EQ(Text(client->Call({"GET", "acme"})), std::string("on\0board\r\n", 10));
  EXPECT_EQ(client->Call({"GET", "nobody"})->text, std::nullopt);
  EXPECT_EQ(client->Call({"GET", "nobody"})->integer, 0);
  EXPECT_EQ(client->Call({"INCRBY", "count", "41"})->integer, 41);
  const auto several = client->Call({"MGET", "acme", "nobody"});
  ASSERT_EQ(several->elements.size(), 2u);
  EXPECT_EQ(several->elements[0].text, std::string("on\0board\r\n", 10));
  EXPECT_EQ(several->elements[1].text, std::nullopt);
  EXPECT_EQ(Text(client->Call({"SET", "empty", ""})), "OK");
  EXPECT_EQ(client->Call({"GET", "empty"})->text, "");
  EXPECT_TRUE(client->healthy());
}

TEST(RedisTest, ARefusedCommandIsInternalAndHurtsNoNeighbour) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  const std::vector<Client::Command> commands = {
      {"SET", "acme", "adoption"}, {"LPUSH", "acme", "x"}, {"EVALSHA", "0", "0"}, {"GET", "acme"}};
  const auto replies = client->Call(commands);
  EXPECT_EQ(Text(replies[0]), "OK");
  EXPECT_EQ(Code(replies[1]), absl::StatusCode::kInternal);
  EXPECT_THAT(Text(replies[1]), HasSubstr("WRONGTYPE"));
  EXPECT_EQ(Code(replies[2]), absl::StatusCode::kInternal);
  EXPECT_THAT(Text(replies[2]), HasSubstr("NOSCRIPT"));
  EXPECT_EQ(Text(replies[3]), "adoption");
  EXPECT_TRUE(client->healthy());
}

TEST(RedisTest, AnErrorInsideAnArrayIsTheCommandsError) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  const std::vector<Client::Command> commands = {{"SET", "acme", "x"}, {"MULTI"}, {"INCR", "acme"}, {"EXEC"}, {"PING"}};
  const auto replies = client->Call(commands);
  EXPECT_EQ(Code(replies[3]), absl::StatusCode::kInternal);
  EXPECT_EQ(Text(replies[4]), "PONG");
}

TEST(RedisTest, SelectsTheDatabaseOfTheUrl) {
  support::RedisServer server;
  const auto first = Connect(Patient(server.url()));
  const auto second = Connect(Patient(absl::StrCat("redis://127.0.0.1:", server.port(), "/5")));
  EXPECT_EQ(Text(second->Call({"SET", "acme", "adoption"})), "OK");
  EXPECT_EQ(Text(first->Call({"GET", "acme"})), "(nil)");
  EXPECT_EQ(Text(first->Call({"SELECT", "5"})), "OK");
  EXPECT_EQ(Text(first->Call({"GET", "acme"})), "adoption");
}

TEST(RedisTest, ManyCallersAreAnsweredEachTheirOwnOverOneConnection) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&client, caller] {
      for (int i = 0; i < 500; ++i) {
        const std::string message = absl::StrCat(caller, "/", i);
        EXPECT_EQ(Text(client->Call({"ECHO", message})), message);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(Statistic(*client, "stats", "total_connections_received"), 1);
}

TEST(RedisTest, WhatIsQueuedWhileATripIsUnderWayGoesOutTogether) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  EXPECT_EQ(Text(client->Call({"PING"})), "PONG");
  // The kernel's count of what Redis reads tells how many trips there were; Redis tells how often it has woken up to
  // read.
  const int64_t before = Statistic(*client, "stats", "total_reads_processed");
  server.Freeze();
  std::atomic<int> right = 0;
  for (int i = 0; i < 1000; ++i) {
    client->Send({"ECHO", absl::StrCat(i)},
                 [&right, i](const absl::StatusOr<Reply>& reply) { right += Text(reply) == absl::StrCat(i); });
  }
  server.Thaw();
  const int64_t after = Statistic(*client, "stats", "total_reads_processed");
  EXPECT_EQ(right, 1000);
  // The first ones that were sent alone, the rest together, and the question itself; Redis reads 16 kB at a time.
  EXPECT_LE(after - before, 20);
}

TEST(RedisTest, ATripLargerThanTheSocketsBuffersEnds) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  const std::string large(900'000, 'x');
  std::vector<Client::Command> commands(50, Client::Command{"ECHO", large});
  for (const auto& reply : client->Call(commands)) EXPECT_EQ(Text(reply).size(), large.size());
}

TEST(RedisTest, WithoutRedisEveryCallIsUnavailableAndThenTheBreakerOpens) {
  const int nobody = support::FreePort();
  Options options = Patient(absl::StrCat("redis://127.0.0.1:", nobody));
  options.breaker_pause = absl::Hours(1);
  const auto client = Connect(options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client->healthy());
    EXPECT_EQ(Code(client->Call({"PING"})), absl::StatusCode::kUnavailable);
  }
  EXPECT_FALSE(client->healthy());
  // From here on it is answered within Send.
  for (int i = 0; i < 10'000; ++i) {
    absl::StatusOr<Reply> answer = absl::UnknownError("not yet");
    client->Send({"PING"}, [&](absl::StatusOr<Reply> reply) { answer = std::move(reply); });
    EXPECT_EQ(Code(answer), absl::StatusCode::kUnavailable);
  }
}

TEST(RedisTest, AKilledRedisIsUnavailableAndARestartedOneAnswersAgain) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  EXPECT_EQ(Text(client->Call({"PING"})), "PONG");
  server.Crash();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Code(client->Call({"PING"})), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(client->healthy());
  server.Start();
  EXPECT_TRUE(Heals(*client));
  EXPECT_TRUE(client->healthy());
}

TEST(RedisTest, ARestartBetweenTwoCallsIsNotNoticed) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  EXPECT_EQ(Text(client->Call({"PING"})), "PONG");
  server.Crash();
  server.Start();
  EXPECT_EQ(Text(client->Call({"PING"})), "PONG");
}

TEST(RedisTest, AFrozenRedisCostsNoMoreThanTheTimeout) {
  support::RedisServer server;
  Options options = Patient(server.url());
  options.timeout = absl::Milliseconds(50);
  options.breaker_failures = 1'000'000;
  const auto client = Connect(options);
  ASSERT_TRUE(Heals(*client));
  server.Freeze();
  const absl::Time start = absl::Now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Code(client->Call({"GET", "acme"})), absl::StatusCode::kUnavailable);
  const absl::Duration each = (absl::Now() - start) / 10;
  EXPECT_GE(each, absl::Milliseconds(49));
  // A connection and a round trip at most; the rest is what a busy machine needs to wake a thread.
  EXPECT_LE(each, absl::Milliseconds(500));
  server.Thaw();
  EXPECT_TRUE(Heals(*client));
}

TEST(RedisTest, WhoWaitsBehindAFrozenTripWaitsNoLongerThanIt) {
  support::RedisServer server;
  Options options = Patient(server.url());
  options.timeout = absl::Milliseconds(200);
  options.breaker_failures = 1'000'000;
  const auto client = Connect(options);
  ASSERT_TRUE(Heals(*client));
  server.Freeze();
  // More than twenty trips, if they were made.
  const std::vector<Client::Command> commands(90'000, Client::Command{"GET", "acme"});
  const absl::Time start = absl::Now();
  for (const auto& reply : client->Call(commands)) EXPECT_EQ(Code(reply), absl::StatusCode::kUnavailable);
  EXPECT_LE(absl::Now() - start, absl::Seconds(2));
}

TEST(RedisTest, APausedRedisIsUnavailableAndALateReplyIsNobodysAnswer) {
  support::RedisServer server;
  Options options = Patient(server.url());
  options.timeout = absl::Milliseconds(50);
  const auto client = Connect(options);
  const auto witness = Connect(Patient(server.url()));
  ASSERT_TRUE(Heals(*client));
  EXPECT_EQ(Text(witness->Call({"CLIENT", "PAUSE", "300"})), "OK");
  EXPECT_EQ(Code(client->Call({"ECHO", "late"})), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(Heals(*client));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Text(client->Call({"ECHO", absl::StrCat(i)})), absl::StrCat(i));
}

TEST(RedisTest, AFullRedisIsExhaustedAndStillAnswersReads) {
  support::RedisServer server({"--maxmemory", "2mb", "--maxmemory-policy", "noeviction"});
  const auto client = Connect(Patient(server.url()));
  EXPECT_EQ(Text(client->Call({"SET", "acme", "adoption"})), "OK");
  absl::StatusOr<Reply> reply = Reply();
  for (int i = 0; i < 10'000 && reply.ok(); ++i)
    reply = client->Call({"SET", absl::StrCat("customer-", i), std::string(10'000, 'x')});
  EXPECT_EQ(Code(reply), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Text(client->Call({"GET", "acme"})), "adoption");
  EXPECT_TRUE(client->healthy());
}

TEST(RedisTest, TheRightPasswordOpensAndAWrongOneIsUnavailableAndNotRepeated) {
  support::RedisServer server({"--requirepass", "s3cret"});
  const std::string place = absl::StrCat("127.0.0.1:", server.port());
  EXPECT_EQ(Text(Connect(Patient(absl::StrCat("redis://:s3cret@", place)))->Call({"PING"})), "PONG");

  const auto wrong = Connect(Patient(absl::StrCat("redis://:wr0ng@", place)))->Call({"PING"});
  EXPECT_EQ(Code(wrong), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Text(wrong), HasSubstr("WRONGPASS"));
  EXPECT_THAT(Text(wrong), Not(HasSubstr("wr0ng")));

  EXPECT_EQ(Code(Connect(Patient(absl::StrCat("redis://", place)))->Call({"PING"})), absl::StatusCode::kInternal);
}

TEST(RedisTest, ThePasswordFileIsReadAtEachConnection) {
  const support::TempDir dir;
  support::WriteFile(dir.File("password"), "wr0ng\n");
  support::RedisServer server({"--requirepass", "s3cret"});
  Options options = Patient(server.url());
  options.password_file = dir.File("password");
  const auto client = Connect(options);
  EXPECT_EQ(Code(client->Call({"PING"})), absl::StatusCode::kUnavailable);
  support::WriteFile(dir.File("password"), "s3cret\n");
  EXPECT_TRUE(Heals(*client));

  options.password_file = dir.File("nothing");
  EXPECT_EQ(Code(Connect(options)->Call({"PING"})), absl::StatusCode::kUnavailable);
}

TEST(RedisTest, TheQueueIsBoundedAndEveryCommandIsAnsweredOnce) {
  support::RedisServer server;
  Options options = Patient(server.url());
  options.max_queued = 100'000;
  std::atomic<int> answered = 0;
  std::atomic<int> exhausted = 0;
  int sent = 0;
  {
    const auto client = Connect(options);
    EXPECT_EQ(Text(client->Call({"PING"})), "PONG");
    server.Freeze();
    while (exhausted == 0 && sent < 200'000) {
      ++sent;
      client->Send({"PING"}, [&](const absl::StatusOr<Reply>& reply) {
        ++answered;
        exhausted += Code(reply) == absl::StatusCode::kResourceExhausted;
      });
    }
    EXPECT_EQ(exhausted, 1);
    EXPECT_GT(sent, 100'000);
    // Beside the queue there is at most one trip under way.
    EXPECT_LE(sent, 100'000 + 4096 + 1);
    server.Crash();
  }
  EXPECT_EQ(answered, sent);
}

TEST(RedisTest, TheDestructorAnswersEveryCommand) {
  support::RedisServer server;
  Options options = Patient(server.url());
  options.timeout = absl::Milliseconds(100);
  std::atomic<int> answered = 0;
  {
    const auto client = Connect(options);
    ASSERT_TRUE(Heals(*client));
    server.Freeze();
    for (int i = 0; i < 10'000; ++i) client->Send({"PING"}, [&](const absl::StatusOr<Reply>&) { ++answered; });
  }
  EXPECT_EQ(answered, 10'000);
}

TEST(RedisTest, AnAnswerMaySendTheNextCommand) {
  support::RedisServer server;
  const auto client = Connect(Patient(server.url()));
  absl::Notification done;
  std::string text;
  client->Send({"SET", "acme", "adoption"}, [&](const absl::StatusOr<Reply>&) {
    client->Send({"GET", "acme"}, [&](const absl::StatusOr<Reply>& reply) {
      text = Text(reply);
      done.Notify();
    });
  });
  done.WaitForNotification();
  EXPECT_EQ(text, "adoption");
}

}  // namespace
}  // namespace waymark::redis
