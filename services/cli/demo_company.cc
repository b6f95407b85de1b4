#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/demo.h"

namespace waymark::cli {
namespace {

constexpr int kCustomers = 300;
constexpr int kDays = 365;
constexpr int kSetupRebuilt = 180;  // The day of the year on which setup became easier.
constexpr int kContractDays = 182;
constexpr uint64_t kSeed = 20'260'504;

// Chance with the same results on every machine: the standard's distributions differ between libraries.
class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}

  // 0 to limit - 1.
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }
  // From least to most, both included.
  int Between(int least, int most) { return least + Below(most - least + 1); }
  // Whether something of this likelihood happens; to a millionth.
  bool Happens(double likelihood) { return Below(1'000'000) < likelihood * 1'000'000; }
  // How often something happens that is expected `mean` times; at most 12 times.
  int Times(double mean) {
    int times = 0;
    for (int i = 0; i < 12; ++i) times += Happens(mean / 12) ? 1 : 0;
    return times;
  }
  template <typename T, size_t n>
  const T& One(const std::array<T, n>& of) {
    return of[static_cast<size_t>(Below(n))];
  }

 private:
  std::mt19937_64 random_;
};

enum class Plan { kStarter, kTeam, kEnterprise };
// How a customer's story goes.
enum class Fate { kThrives, kSteady, kFades, kNoHabit, kNeverSetUp };

constexpr std::array<const char*, 40> kFirstWords = {
    "alder",  "amber",  "anchor",  "aspen",    "beacon",  "birch",   "bluebell", "bramble", "cedar",   "clover",
    "cobalt", "copper", "coral",   "crescent", "delta",   "ember",   "falcon",   "fern",    "granite", "harbor",
    "hazel",  "heron",  "indigo",  "juniper",  "kestrel", "lantern", "larch",    "linden",  "lotus",   "maple",
    "meadow", "nimbus", "oakleaf", "orchard",  "pebble",  "quartz",  "raven",    "sierra",  "tundra",  "willow"};
constexpr std::array<const char*, 24> kSecondWords = {
    "analytics", "bakeries", "books",    "brewing",  "clinics",  "coffee",    "consulting", "dental",
    "energy",    "events",   "fashion",  "finance",  "foods",    "furniture", "insurance",  "labs",
    "logistics", "media",    "outdoors", "pharmacy", "robotics", "schools",   "software",   "travel"};
constexpr std::array<const char*, 16> kPeople = {"ada",  "ben",   "chloe", "dario", "elif", "femi", "grace", "hugo",
                                                 "ines", "jonas", "kira",  "liam",  "mia",  "noor", "omar",  "petra"};

const char* NameOf(Plan plan) {
  switch (plan) {
    case Plan::kStarter:
      return "starter";
    case Plan::kTeam:
      return "team";
    case Plan::kEnterprise:
      return "enterprise";
  }
  return "";
}

// Who becomes what depends on the plan.
Fate DrawFate(Plan plan, Chance& chance) {
  struct Share {
    Fate fate;
    int percent;
  };
  static constexpr std::array<std::array<Share, 5>, 3> kShares = {{
      {{{Fate::kThrives, 18}, {Fate::kSteady, 20}, {Fate::kFades, 15}, {Fate::kNoHabit, 17}, {Fate::kNeverSetUp, 30}}},
      {{{Fate::kThrives, 36}, {Fate::kSteady, 24}, {Fate::kFades, 15}, {Fate::kNoHabit, 13}, {Fate::kNeverSetUp, 12}}},
      {{{Fate::kThrives, 50}, {Fate::kSteady, 26}, {Fate::kFades, 9}, {Fate::kNoHabit, 7}, {Fate::kNeverSetUp, 8}}},
  }};
  int place = chance.Below(100);
  for (const Share& share : kShares[static_cast<size_t>(plan)]) {
    place -= share.percent;
    if (place < 0) return share.fate;
  }
  return Fate::kSteady;
}

// Lives through one customer's year.
class Customer {
 public:
  Customer(std::string id, uint64_t seed, absl::CivilDay first_day)
      : id_(std::move(id)), chance_(seed), first_day_(first_day) {
    const int place = chance_.Below(100);
    plan_ = place < 50 ? Plan::kStarter : place < 85 ? Plan::kTeam : Plan::kEnterprise;
    fate_ = DrawFate(plan_, chance_);
    // Sign-ups grow over the year: the later of two days half of the time.
    joined_ = chance_.Below(kDays);
    if (chance_.Happens(0.5)) joined_ = std::max(joined_, chance_.Below(kDays));
  }

  std::vector<DemoEvent> Live() && {
    Add(joined_, "signed_up", absl::StrFormat(R"({"plan": "%s"})", NameOf(plan_)));
    if (SetUp()) {
      FindFirstValue();
      if (fate_ != Fate::kNoHabit) UseEveryDay();
    }
    std::sort(events_.begin(), events_.end(), [](const DemoEvent& a, const DemoEvent& b) { return a.time < b.time; });
    for (size_t i = 0; i < events_.size(); ++i) events_[i].event_id = absl::StrFormat("%s-%05d", id_, i + 1);
    return std::move(events_);
  }

 private:
  // Something happens on a day, at working hours; what lies after the year has not happened yet.
  void Add(int day, const char* type, std::string properties = "") {
    if (day >= kDays) return;
    const absl::CivilSecond when = absl::CivilSecond(first_day_ + day) + chance_.Between(7 * 3600, 18 * 3600);
    events_.push_back({.customer = id_,
                       .user = kPeople[static_cast<size_t>(chance_.Below(people_))],
                       .type = type,
                       .time = absl::FromCivil(when, absl::UTCTimeZone()),
                       .properties = std::move(properties)});
  }

  bool IsWeekend(int day) const {
    const absl::Weekday weekday = absl::GetWeekday(first_day_ + day);
    return weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday;
  }

  // Connects data and invites the team; false where one of them never happens.
  bool SetUp() {
    int days = plan_ == Plan::kEnterprise ? chance_.Between(18, 45)
               : plan_ == Plan::kTeam     ? chance_.Between(3, 18)
                                          : chance_.Between(1, 10);
    if (joined_ < kSetupRebuilt) days *= 2;
    if (fate_ == Fate::kNeverSetUp) {
      // Half of them do not even connect their data; the others stay alone with it.
      for (int visits = chance_.Between(1, 5); visits > 0; --visits)
        Add(joined_ + chance_.Between(1, 30), "help_opened");
      if (chance_.Happens(0.5)) Add(joined_ + days, "data_connected");
      return false;
    }
    set_up_ = joined_ + days;
    Add(set_up_, "data_connected", absl::StrFormat(R"({"source": "%s"})", chance_.One(kSources)));
    const int most = plan_ == Plan::kEnterprise ? 9 : plan_ == Plan::kTeam ? 5 : 3;
    for (int invited = chance_.Between(2, most); invited > 0; --invited) {
      const int day = joined_ + chance_.Between(std::max(1, days / 2), days + 4);
      set_up_ = std::max(set_up_, day);
      Add(day, "user_invited");
      people_ = std::min(people_ + 1, static_cast<int>(kPeople.size()));
    }
    return true;
  }

  // Runs a first report and shares a dashboard; who finds no habit stops somewhere there.
  void FindFirstValue() {
    const int first = set_up_ + chance_.Between(1, 9);
    for (int reports = chance_.Between(1, 4); reports > 0; --reports) Add(first + chance_.Between(0, 6), "report_run");
    if (fate_ == Fate::kNoHabit && chance_.Happens(0.6)) return;
    value_ = first + chance_.Between(2, 16);
    Add(value_, "dashboard_shared");
    if (fate_ != Fate::kNoHabit) return;
    for (int reports = chance_.Between(2, 9); reports > 0; --reports)
      Add(value_ + chance_.Between(1, 70), "report_run");
  }

  // How much it is used on a day, against the plan's usual.
  double Liveliness(int day) const {
    const int age = day - value_;
    const double ramp = std::min(1.0, 0.3 + age / 60.0);
    switch (fate_) {
      case Fate::kThrives:
        return ramp * (1.0 + age / 240.0);
      case Fate::kSteady:
        return ramp * 0.6;
      case Fate::kFades:
        // Two to three good months, then half every three weeks.
        return age < fades_after_ ? ramp : ramp / (1 << std::min(10, (age - fades_after_) / 21));
      case Fate::kNoHabit:
      case Fate::kNeverSetUp:
        return 0;
    }
    return 0;
  }

  void UseEveryDay() {
    const double usual = plan_ == Plan::kEnterprise ? 1.5 : plan_ == Plan::kTeam ? 0.8 : 0.4;
    fades_after_ = chance_.Between(55, 95);
    int contract_ends = joined_ + kContractDays;
    for (int day = value_ + 1; day < kDays; ++day) {
      if (day == contract_ends) {
        if (!Renews()) {
          Add(day, "subscription_cancelled", R"({"reason": "not used enough"})");
          return;
        }
        Add(day, "contract_renewed", absl::StrFormat(R"({"plan": "%s"})", NameOf(plan_)));
        contract_ends += kContractDays;
      }
      if (!IsWeekend(day)) LiveOneDay(day, usual * Liveliness(day));
    }
  }

  void LiveOneDay(int day, double use) {
    for (int reports = chance_.Times(use); reports > 0; --reports) Add(day, "report_run");
    for (int views = chance_.Times(use * 0.8); views > 0; --views) Add(day, "dashboard_viewed");
    if (chance_.Happens(use * 0.06)) Add(day, "alert_created");
    if (chance_.Happens(use * 0.03)) Add(day, "dashboard_shared");
    if (chance_.Happens(0.008)) Add(day, "support_ticket", R"({"mood": "neutral"})");
    const int age = day - value_;
    if (fate_ == Fate::kFades && age > fades_after_ - 15 && age < fades_after_ + 30 && chance_.Happens(0.12)) {
      Add(day, "support_ticket", R"({"mood": "annoyed"})");
    }
    const bool grows = fate_ == Fate::kThrives || (fate_ == Fate::kSteady && chance_.Happens(0.1));
    if (grows && age > 50 && chance_.Happens(0.02)) {
      Add(day, "seats_added", absl::StrFormat(R"({"seats": %d})", chance_.Between(1, 8)));
    }
    if (grows && age > 30 && chance_.Happens(0.015)) Add(day, "integration_enabled");
  }

  bool Renews() {
    switch (fate_) {
      case Fate::kThrives:
        return chance_.Happens(0.97);
      case Fate::kSteady:
        return chance_.Happens(0.82);
      case Fate::kFades:
      case Fate::kNoHabit:
      case Fate::kNeverSetUp:
        return chance_.Happens(0.1);
    }
    return false;
  }

  static constexpr std::array<const char*, 5> kSources = {"postgres", "salesforce", "shopify", "sheets", "snowflake"};

  const std::string id_;
  Chance chance_;
  const absl::CivilDay first_day_;
  Plan plan_ = Plan::kStarter;
  Fate fate_ = Fate::kSteady;
  int joined_ = 0;  // These are days of the year.
  int set_up_ = 0;
  int value_ = 0;
  int fades_after_ = 0;
  int people_ = 1;
  std::vector<DemoEvent> events_;
};

}  // namespace

std::vector<DemoEvent> MakeDemoEvents(absl::CivilDay end) {
  Chance chance(kSeed);
  std::set<std::string> ids;
  std::vector<DemoEvent> events;
  while (ids.size() < kCustomers) {
    const std::string id = absl::StrCat(chance.One(kFirstWords), "-", chance.One(kSecondWords));
    if (!ids.insert(id).second) continue;
    std::vector<DemoEvent> more = Customer(id, kSeed + ids.size(), end - kDays).Live();
    events.insert(events.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  std::sort(events.begin(), events.end(), [](const DemoEvent& a, const DemoEvent& b) {
    return std::tie(a.time, a.event_id) < std::tie(b.time, b.event_id);
  });
  return events;
}

}  // namespace waymark::cli
