#include "tests/milestone/random_lives.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/milestone/convert.h"
#include "tests/milestone/world.h"

namespace waymark::milestone {

journey::v1::JourneyDefinition RandomJourneys::Next() {
  milestones_ = 0;
  std::string text = absl::StrCat("entry { ", Trigger(), Chance(30) ? Trigger() : "",
                                  Pick({"", "re_entry: RE_ENTRY_AFTER_EXIT ", "re_entry: RE_ENTRY_ALWAYS "}),
                                  Chance(20) ? "entry_key: 'contract' " : "", "} ",
                                  late_ && Chance(20) ? absl::StrCat("lateness ", Span()) : "");
  const int stages = 2 + Below(3);
  for (int i = 0; i < stages; ++i) {
    absl::StrAppend(&text, "stages { key: 's", i, "' ", Chance(50) ? "regress: REGRESS_ALLOW " : "");
    for (int m = Below(3); m > 0; --m) absl::StrAppend(&text, Milestone());
    absl::StrAppend(&text, "} ");
  }
  for (int i = Below(3); i > 0; --i) {
    absl::StrAppend(&text, "transitions { key: 'w", i, "' from_stage: 's", Below(stages), "' to_stage: 's",
                    Below(stages), "' criterion { ", Leaf(false), "} } ");
  }
  if (Chance(40)) {
    absl::StrAppend(&text, "exits { key: 'out' outcome: OUTCOME_CHURNED criterion { ", Leaf(false), "} } ");
  }
  journey::v1::JourneyDefinition definition;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
  return definition;
}

std::string RandomJourneys::Span() {
  return absl::StrCat("{ seconds: ", (1 + Below(12)) * absl::ToInt64Seconds(kTick), " } ");
}
std::string RandomJourneys::Types() { return absl::StrCat("event_types: 't", Below(5), "' "); }
std::string RandomJourneys::Condition() {
  return Pick({"name: 'plan' equals { string_value: 'pro' } ", "name: 'n' at_least: 2 ", "name: 'plan' exists: true "});
}
std::string RandomJourneys::Where() { return Chance(30) ? absl::StrCat("where { ", Condition(), "} ") : ""; }

std::string RandomJourneys::Trigger() {
  return absl::StrCat("triggers { ",
                      Pick({"any_event {} ", absl::StrCat("first_event { ", Types(), Where(), "} "), "by_call {} ",
                            "date_reached { attribute: 'renewal' } "}),
                      "} ");
}

std::string RandomJourneys::Leaf(bool of_milestone) {
  switch (Below(of_milestone ? 8 : 7)) {
    case 0:
      return absl::StrCat("sequence { steps { ", Types(), "} steps { ", Types(), Where(), "} ",
                          Chance(30) ? absl::StrCat("max_gap ", Span()) : "", "} ");
    case 1:
      return absl::StrCat("absence { ", Types(), "lasting ", Span(), "} ");
    case 2:
      return absl::StrCat("attribute { ", Condition(), "} ");
    case 3:
      return absl::StrCat("date_reached { attribute: 'renewal' offset_days: ", Below(5) - 2, " } ");
    case 7:
      return absl::StrCat("attested { ", Chance(50) ? "role: 'csm' " : "", "} ");
    default:
      return absl::StrCat("event_count { ", Types(), "at_least: ", 1 + Below(3), " ", Where(),
                          Chance(30) ? absl::StrCat("within ", Span()) : "",
                          Pick({"", "", "distinct: DISTINCT_USERS ", "distinct: DISTINCT_DAYS "}), "} ");
  }
}

std::string RandomJourneys::Criterion(bool of_milestone) {
  if (!Chance(30)) return Leaf(of_milestone);
  return absl::StrCat(Pick({"all_of", "any_of", "none_of"}), " { criteria { ", Leaf(of_milestone), "} criteria { ",
                      Leaf(of_milestone), "} } ");
}

std::string RandomJourneys::Milestone() {
  std::string text = absl::StrCat(
      "milestones { key: 'm", milestones_, "' ",
      Pick({"scope: SCOPE_FROM_STAGE ", "scope: SCOPE_FROM_ENTRY ", "scope: SCOPE_ALL_HISTORY ",
            absl::StrCat("scope: SCOPE_WINDOW scope_window ", Span())}),
      Pick({"", "", "latching: LATCHING_REVOCABLE ", absl::StrCat("latching: LATCHING_RECURRING period ", Span())}),
      Chance(20) ? "optional: true " : "");
  if (milestones_ > 0 && Chance(15)) absl::StrAppend(&text, "depends_on: 'm", Below(milestones_), "' ");
  absl::StrAppend(&text, "criterion { ", Criterion(true), "} } ");
  ++milestones_;
  return text;
}

std::vector<Sent> RandomHistory(std::mt19937& random, const std::string& customer, absl::Time end) {
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  std::vector<Sent> items;
  for (int i = 0, count = 1 + below(24); i < count; ++i) {
    const absl::Time time = end - (1 + below(kTicks)) * kTick;
    const auto fill = [&](google::protobuf::Struct& properties) {
      auto& fields = *properties.mutable_fields();
      if (below(2) == 0) fields["plan"].set_string_value(below(2) == 0 ? "pro" : "free");
      if (below(2) == 0) fields["n"].set_number_value(below(4));
      if (below(2) == 0) fields["contract"].set_string_value(below(2) == 0 ? "a" : "b");
    };
    const auto begin = [&](auto& request) {
      request.set_customer_id(customer);
      request.set_request_id(absl::StrCat("r", i));
      SetTime(time, request.mutable_time());
    };
    switch (below(12)) {
      case 0:
      case 1: {
        v1::IdentifyRequest identify;
        begin(identify);
        fill(*identify.mutable_attributes());
        (*identify.mutable_attributes()->mutable_fields())["renewal"].set_string_value(
            absl::FormatTime("%Y-%m-%d", end - below(12) * absl::Hours(24), absl::UTCTimeZone()));
        items.emplace_back(identify);
        break;
      }
      case 2: {
        v1::AttestMilestoneRequest attest;
        begin(attest);
        attest.set_journey_id("j");
        attest.set_milestone_key(absl::StrCat("m", below(4)));
        attest.set_role(below(2) == 0 ? "csm" : "sales");
        items.emplace_back(attest);
        break;
      }
      case 3: {
        v1::EnrollRequest enroll;
        begin(enroll);
        enroll.set_journey_id("j");
        fill(*enroll.mutable_properties());
        items.emplace_back(enroll);
        break;
      }
      default: {
        v1::Event event;
        event.set_customer_id(customer);
        event.set_event_id(absl::StrCat("e", i));
        event.set_type(absl::StrCat("t", below(5)));
        event.set_source_sequence(below(2));
        if (below(4) != 0) event.set_user_id(absl::StrCat("u", below(3)));
        SetTime(time, event.mutable_event_time());
        fill(*event.mutable_properties());
        items.emplace_back(event);
      }
    }
  }
  return items;
}

absl::Status SendRecord(v1::CustomerService::Stub& customers, v1::MilestoneService::Stub& milestones, const Sent& item,
                        const std::string& workspace) {
  absl::Status status;
  if (const auto* identify = std::get_if<v1::IdentifyRequest>(&item)) {
    status = Call<v1::IdentifyResponse>(customers, &v1::CustomerService::Stub::Identify, *identify, workspace).status();
  } else if (const auto* attest = std::get_if<v1::AttestMilestoneRequest>(&item)) {
    status =
        Call<v1::AttestMilestoneResponse>(milestones, &v1::MilestoneService::Stub::AttestMilestone, *attest, workspace)
            .status();
  } else {
    status = Call<v1::EnrollResponse>(milestones, &v1::MilestoneService::Stub::Enroll,
                                      std::get<v1::EnrollRequest>(item), workspace)
                 .status();
  }
  return absl::IsFailedPrecondition(status) || absl::IsNotFound(status) ? absl::OkStatus() : status;
}

}  // namespace waymark::milestone
