#include "services/health/convert.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/status.h"

namespace waymark::health {
namespace {

constexpr size_t kMostTitleBytes = 200;
constexpr size_t kMostNoteBytes = 2'000;
constexpr int kMostMeasures = 50;
constexpr int kMostEventTypes = 50;
constexpr int kMostSteps = 50;
constexpr uint32_t kMostWeight = 1'000'000;
constexpr uint32_t kMostDays = 3'660;
constexpr uint32_t kMostDwellDays = 366;
constexpr double kMostValue = 1e9;
constexpr double kMostHalfLifeDays = 36'500;
// Errors travel in a response's metadata, of which clients take 8 kB.
constexpr size_t kMostViolations = 15;

template <typename Request>
Call ToCall(absl::string_view workspace, const Request& request) {
  Call call = {.workspace = std::string(workspace), .request_id = request.request_id(), .body = ""};
  google::protobuf::io::StringOutputStream stream(&call.body);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  return call;
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(micros / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  return timestamp;
}

std::string BoundTo(const ScorecardPage& page) { return absl::StrCat(page.workspace, "/ListScorecards"); }

std::string BoundTo(const HealthPage& page) {
  const int band = !page.shown.has_value() ? 0 : page.shown->band.has_value() ? static_cast<int>(*page.shown->band) : 4;
  return absl::StrCat(page.workspace, "/ListHealth/", page.scorecard_id, "/", band);
}

// Reads a definition and collects what is wrong with it.
class DefinitionReader {
 public:
  explicit DefinitionReader(absl::string_view field) : field_(field) {}

  Definition Read(const v1::ScorecardDefinition& message) {
    Definition definition;
    if (message.measures_size() < 1 || message.measures_size() > kMostMeasures) {
      Wrong("measures", absl::StrCat("must be 1 to ", kMostMeasures));
    }
    std::set<std::string> keys;
    for (int i = 0; i < message.measures_size(); ++i) {
      const std::string path = absl::StrCat("measures[", i, "]");
      definition.measures.push_back(ReadMeasure(path, message.measures(i)));
      if (!keys.insert(message.measures(i).key()).second) Wrong(path + ".key", "is another measure's too");
    }
    definition.bands = ReadBands(message.bands());
    if (message.has_min_coverage_percent()) {
      definition.min_coverage_percent =
          static_cast<int>(Whole("min_coverage_percent", message.min_coverage_percent(), 0, 100));
    }
    return definition;
  }

  absl::Status status() {
    if (violations_.empty()) return absl::OkStatus();
    if (violations_.size() > kMostViolations) {
      const size_t more = violations_.size() - kMostViolations;
      violations_.resize(kMostViolations);
      violations_.push_back({field_, absl::StrCat("has ", more, " more fields that are wrong")});
    }
    return InvalidFields(violations_);
  }

 private:
  void Wrong(absl::string_view path, absl::string_view what) {
    violations_.push_back({absl::StrCat(field_, ".", path), std::string(what)});
  }

  uint32_t Whole(absl::string_view path, uint32_t value, uint32_t least, uint32_t most) {
    if (value < least || value > most) Wrong(path, absl::StrCat("must be ", least, " to ", most, ", not ", value));
    return value;
  }

  // `value` in units of 1/`scale`.
  int64_t Scaled(absl::string_view path, double value, double least, double most, double scale) {
    // Also false for what is not a number.
    if (!(value >= least && value <= most)) {
      Wrong(path, absl::StrCat("must be ", least, " to ", most, ", not ", value));
      return 0;
    }
    return std::llrint(value * scale);
  }
  int64_t Micro(absl::string_view path, double value, double least, double most) {
    return Scaled(path, value, least, most, 1e6);
  }
  int32_t Points(absl::string_view path, double value) {
    return static_cast<int32_t>(Scaled(path, value, 0, 100, 1e3));
  }

  std::vector<std::string> EventTypes(absl::string_view path,
                                      const google::protobuf::RepeatedPtrField<std::string>& types) {
    if (types.size() > kMostEventTypes) Wrong(path, absl::StrCat("must be at most ", kMostEventTypes));
    std::vector<std::string> names;
    for (int i = 0; i < types.size(); ++i) {
      if (const std::string wrong = WhatIsWrongWithId(types[i]); !wrong.empty()) {
        Wrong(absl::StrCat(path, "[", i, "]"), wrong);
      }
      // One named twice would be counted twice.
      if (std::find(names.begin(), names.end(), types[i]) == names.end()) names.push_back(types[i]);
    }
    return names;
  }

  Measure ReadMeasure(const std::string& path, const v1::Measure& message) {
    Measure measure = {.key = message.key(), .title = message.title(), .required = message.required()};
    if (const std::string wrong = WhatIsWrongWithKey(message.key()); !wrong.empty()) Wrong(path + ".key", wrong);
    if (!CheckText("title", message.title(), kMostTitleBytes).ok()) {
      Wrong(path + ".title", absl::StrCat("must be at most ", kMostTitleBytes, " bytes of UTF-8"));
    }
    measure.weight = message.weight() == 0 ? 1 : Whole(path + ".weight", message.weight(), 1, kMostWeight);
    measure.source = ReadSource(path, message);
    measure.normaliser = ReadNormaliser(path, message);
    const bool trend_source = message.source_case() == v1::Measure::kEventTrend;
    const bool trend_normaliser = message.normaliser_case() == v1::Measure::kTrend;
    if (trend_source != trend_normaliser) Wrong(path, "event_trend and trend go together: choose both or neither");
    if (message.has_fixed()) measure.missing = Fixed{Points(path + ".fixed.points", message.fixed().points())};
    return measure;
  }

  Source ReadSource(const std::string& path, const v1::Measure& message) {
    switch (message.source_case()) {
      case v1::Measure::kEventCount:
        return EventCount{
            EventTypes(path + ".event_count.event_types", message.event_count().event_types()),
            static_cast<int>(Whole(path + ".event_count.days", message.event_count().days(), 1, kMostDays))};
      case v1::Measure::kDaysSince:
        return DaysSince{EventTypes(path + ".days_since.event_types", message.days_since().event_types())};
      case v1::Measure::kStageAge:
        if (const std::string wrong = WhatIsWrongWithName(message.stage_age().journey_id()); !wrong.empty()) {
          Wrong(path + ".stage_age.journey_id", wrong);
        }
        return StageAge{message.stage_age().journey_id(),
                        static_cast<int>(
                            Whole(path + ".stage_age.planned_days", message.stage_age().planned_days(), 1, kMostDays))};
      case v1::Measure::kEventTrend:
        return EventTrend{
            EventTypes(path + ".event_trend.event_types", message.event_trend().event_types()),
            static_cast<int>(Whole(path + ".event_trend.days", message.event_trend().days(), 1, kMostDays / 2))};
      case v1::Measure::SOURCE_NOT_SET:
        break;
    }
    Wrong(path, "has no source: choose event_count, days_since, stage_age or event_trend");
    return EventCount{};
  }

  Normaliser ReadNormaliser(const std::string& path, const v1::Measure& message) {
    switch (message.normaliser_case()) {
      case v1::Measure::kLinear: {
        const Linear linear = {Micro(path + ".linear.lo", message.linear().lo(), -kMostValue, kMostValue),
                               Micro(path + ".linear.hi", message.linear().hi(), -kMostValue, kMostValue)};
        if (linear.lo_micro == linear.hi_micro) Wrong(path + ".linear.hi", "must differ from lo");
        return linear;
      }
      case v1::Measure::kThresholds:
        return ReadThresholds(path + ".thresholds", message.thresholds());
      case v1::Measure::kHalfLife: {
        const v1::HalfLife& half_life = message.half_life();
        return HalfLife{Micro(path + ".half_life.grace_days", half_life.grace_days(), 0, kMostHalfLifeDays),
                        Micro(path + ".half_life.half_life_days", half_life.half_life_days(), 1e-6, kMostHalfLifeDays)};
      }
      case v1::Measure::kTrend:
        return Trend{Micro(path + ".trend.prior", message.trend().prior(), 1e-6, 1e6),
                     Micro(path + ".trend.ratio", message.trend().ratio(), 1.000001, 1000)};
      case v1::Measure::NORMALISER_NOT_SET:
        break;
    }
    Wrong(path, "has no normaliser: choose linear, thresholds, half_life or trend");
    return Linear{};
  }

  Thresholds ReadThresholds(const std::string& path, const v1::Thresholds& message) {
    Thresholds thresholds;
    if (message.steps_size() < 1 || message.steps_size() > kMostSteps) {
      Wrong(path + ".steps", absl::StrCat("must be 1 to ", kMostSteps));
    }
    for (int i = 0; i < message.steps_size(); ++i) {
      const std::string step = absl::StrCat(path, ".steps[", i, "]");
      const int64_t below = Micro(step + ".below", message.steps(i).below(), -kMostValue, kMostValue);
      if (i > 0 && below <= thresholds.steps.back().below_micro)
        Wrong(step + ".below", "must be above that of the step before");
      thresholds.steps.push_back({below, Points(step + ".points", message.steps(i).points())});
    }
    thresholds.otherwise_milli = Points(path + ".otherwise_points", message.otherwise_points());
    return thresholds;
  }

  BandRule ReadBands(const v1::BandRule& message) {
    BandRule rule;
    if (message.has_red_below()) rule.red_below_milli = Points("bands.red_below", message.red_below());
    if (message.has_green_from()) rule.green_from_milli = Points("bands.green_from", message.green_from());
    if (message.has_margin()) rule.margin_milli = Points("bands.margin", message.margin());
    if (rule.green_from_milli < rule.red_below_milli) Wrong("bands.green_from", "must not be below red_below");
    if (message.has_dwell_down_days()) {
      rule.dwell_down = absl::Hours(24) * Whole("bands.dwell_down_days", message.dwell_down_days(), 0, kMostDwellDays);
    }
    if (message.has_dwell_up_days()) {
      rule.dwell_up = absl::Hours(24) * Whole("bands.dwell_up_days", message.dwell_up_days(), 0, kMostDwellDays);
    }
    return rule;
  }

  const std::string field_;
  std::vector<FieldViolation> violations_;
};

// ---- Definitions to protobuf ----

void Set(const EventCount& source, v1::Measure* message) {
  for (const std::string& type : source.event_types) message->mutable_event_count()->add_event_types(type);
  message->mutable_event_count()->set_days(source.days);
}
void Set(const DaysSince& source, v1::Measure* message) {
  message->mutable_days_since();
  for (const std::string& type : source.event_types) message->mutable_days_since()->add_event_types(type);
}
void Set(const StageAge& source, v1::Measure* message) {
  message->mutable_stage_age()->set_journey_id(source.journey_id);
  message->mutable_stage_age()->set_planned_days(source.planned_days);
}
void Set(const EventTrend& source, v1::Measure* message) {
  for (const std::string& type : source.event_types) message->mutable_event_trend()->add_event_types(type);
  message->mutable_event_trend()->set_days(source.days);
}
void Set(const Linear& linear, v1::Measure* message) {
  message->mutable_linear()->set_lo(linear.lo_micro / 1e6);
  message->mutable_linear()->set_hi(linear.hi_micro / 1e6);
}
void Set(const Thresholds& thresholds, v1::Measure* message) {
  for (const Thresholds::Step& step : thresholds.steps) {
    v1::ThresholdStep* added = message->mutable_thresholds()->add_steps();
    added->set_below(step.below_micro / 1e6);
    added->set_points(step.points_milli / 1e3);
  }
  message->mutable_thresholds()->set_otherwise_points(thresholds.otherwise_milli / 1e3);
}
void Set(const HalfLife& half_life, v1::Measure* message) {
  message->mutable_half_life()->set_grace_days(half_life.grace_micro / 1e6);
  message->mutable_half_life()->set_half_life_days(half_life.half_life_micro / 1e6);
}
void Set(const Trend& trend, v1::Measure* message) {
  message->mutable_trend()->set_prior(trend.prior_micro / 1e6);
  message->mutable_trend()->set_ratio(trend.ratio_micro / 1e6);
}
void Set(const Exclude&, v1::Measure* message) { message->mutable_exclude(); }
void Set(const Fixed& fixed, v1::Measure* message) { message->mutable_fixed()->set_points(fixed.points_milli / 1e3); }

uint32_t ToDays(absl::Duration duration) { return static_cast<uint32_t>(duration / absl::Hours(24)); }

// ---- Health to protobuf ----

v1::Band ToProto(Band band) {
  switch (band) {
    case Band::kRed:
      return v1::BAND_RED;
    case Band::kYellow:
      return v1::BAND_YELLOW;
    case Band::kGreen:
      return v1::BAND_GREEN;
  }
  return v1::BAND_UNSPECIFIED;
}

v1::ContributionState ToProto(ContributionState state) {
  switch (state) {
    case ContributionState::kKnown:
      return v1::CONTRIBUTION_STATE_KNOWN;
    case ContributionState::kExcluded:
      return v1::CONTRIBUTION_STATE_EXCLUDED;
    case ContributionState::kFixed:
      return v1::CONTRIBUTION_STATE_FIXED;
    case ContributionState::kNotApplicable:
      return v1::CONTRIBUTION_STATE_NOT_APPLICABLE;
  }
  return v1::CONTRIBUTION_STATE_UNSPECIFIED;
}

v1::Contribution ToProto(const Contribution& contribution) {
  v1::Contribution message;
  message.set_measure_key(contribution.measure_key);
  message.set_state(ToProto(contribution.state));
  if (const Quantity* quantity = std::get_if<Quantity>(&contribution.value)) {
    message.set_value(static_cast<double>(quantity->numerator) / static_cast<double>(quantity->denominator));
  }
  if (const Change* change = std::get_if<Change>(&contribution.value)) {
    message.set_value(static_cast<double>(change->recent));
    message.set_previous_value(static_cast<double>(change->before));
  }
  if (contribution.score_milli.has_value()) message.set_score_millipoints(*contribution.score_milli);
  message.set_weight_ppm(contribution.weight_ppm);
  message.set_effective_weight_ppm(contribution.effective_weight_ppm);
  message.set_points_millipoints(contribution.points_milli);
  return message;
}

v1::Health WithoutContributions(const Record& record) {
  v1::Health message;
  message.set_customer_id(record.customer_id);
  message.set_scorecard_id(record.scorecard_id);
  message.set_version(record.version);
  message.set_band(record.sufficient ? ToProto(record.band->band) : v1::BAND_INSUFFICIENT_DATA);
  if (record.band.has_value()) {
    message.set_standing_band(ToProto(record.band->band));
    *message.mutable_standing_band_time() = ToTimestamp(record.band->since);
    if (record.band->candidate.has_value()) {
      message.set_candidate_band(ToProto(*record.band->candidate));
      *message.mutable_candidate_band_time() = ToTimestamp(record.band->candidate_since);
    }
  }
  if (record.health_milli.has_value()) message.set_health_millipoints(*record.health_milli);
  message.set_coverage_ppm(record.coverage_ppm);
  *message.mutable_as_of() = ToTimestamp(record.as_of);
  return message;
}

}  // namespace

absl::StatusOr<std::string> ToScorecardId(absl::string_view scorecard_id) {
  if (WhatIsWrongWithName(scorecard_id).empty()) return std::string(scorecard_id);
  return NotFound(absl::StrCat("scorecard \"", absl::CHexEscape(scorecard_id.substr(0, 100)), "\""));
}

absl::StatusOr<NewScorecard> ToNewScorecard(absl::string_view workspace, const v1::CreateScorecardRequest& request) {
  const v1::Scorecard& scorecard = request.scorecard();
  RETURN_IF_ERROR(CheckName("scorecard.scorecard_id", scorecard.scorecard_id()));
  if (scorecard.title().empty()) {
    return InvalidField("scorecard.title", "must be given: say what people call the scorecard");
  }
  RETURN_IF_ERROR(CheckText("scorecard.title", scorecard.title(), kMostTitleBytes));
  return NewScorecard{
      .call = ToCall(workspace, request), .scorecard_id = scorecard.scorecard_id(), .title = scorecard.title()};
}

absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request) {
  RETURN_IF_ERROR(CheckText("change_note", request.change_note(), kMostNoteBytes));
  ASSIGN_OR_RETURN(const Definition definition, ToDefinition("definition", request.definition()));
  ASSIGN_OR_RETURN(const std::string scorecard_id, ToScorecardId(request.scorecard_id()));
  const std::string bytes = ToProto(definition).SerializeAsString();
  return NewDraft{.call = ToCall(workspace, request),
                  .scorecard_id = scorecard_id,
                  .definition = bytes,
                  .content_hash = Sha256Hex(bytes),
                  .change_note = request.change_note()};
}

absl::StatusOr<PublishOrder> ToPublishOrder(absl::string_view workspace, const v1::PublishVersionRequest& request) {
  ASSIGN_OR_RETURN(const std::string scorecard_id, ToScorecardId(request.scorecard_id()));
  return PublishOrder{.call = ToCall(workspace, request),
                      .scorecard_id = scorecard_id,
                      .number = request.number(),
                      .etag = request.etag()};
}

absl::StatusOr<ScorecardPage> ToScorecardPage(absl::string_view workspace, const v1::ListScorecardsRequest& request) {
  ScorecardPage page = {.workspace = std::string(workspace), .after = ""};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(BoundTo(page), request.page_token()));
  return page;
}

absl::StatusOr<HealthQuery> ToHealthQuery(absl::string_view workspace, const v1::GetHealthRequest& request) {
  RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  HealthQuery query = {.workspace = std::string(workspace), .customer_id = request.customer_id(), .scorecard_id = ""};
  switch (request.consistency().requirement_case()) {
    case type::v1::Consistency::kAtLeastAsFresh: {
      ASSIGN_OR_RETURN(query.token, journal::ParseToken(request.consistency().at_least_as_fresh(), kTokenField));
      query.fresh = true;
      break;
    }
    case type::v1::Consistency::kFullyConsistent:
      query.fresh = request.consistency().fully_consistent();
      break;
    case type::v1::Consistency::kMinimizeLatency:
    case type::v1::Consistency::REQUIREMENT_NOT_SET:
      break;
  }
  ASSIGN_OR_RETURN(query.scorecard_id, ToScorecardId(request.scorecard_id()));
  return query;
}

absl::StatusOr<HealthPage> ToHealthPage(absl::string_view workspace, const v1::ListHealthRequest& request) {
  HealthPage page = {
      .workspace = std::string(workspace), .scorecard_id = request.scorecard_id(), .shown = std::nullopt, .after = ""};
  switch (request.band()) {
    case v1::BAND_UNSPECIFIED:
      break;
    case v1::BAND_RED:
      page.shown = ShownBand{Band::kRed};
      break;
    case v1::BAND_YELLOW:
      page.shown = ShownBand{Band::kYellow};
      break;
    case v1::BAND_GREEN:
      page.shown = ShownBand{Band::kGreen};
      break;
    case v1::BAND_INSUFFICIENT_DATA:
      page.shown = ShownBand{std::nullopt};
      break;
    default:  // proto3 lets any number in.
      return InvalidField("band", "is none of the bands");
  }
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(BoundTo(page), request.page_token()));
  ASSIGN_OR_RETURN(page.scorecard_id, ToScorecardId(request.scorecard_id()));
  return page;
}

absl::StatusOr<Definition> ToDefinition(absl::string_view field, const v1::ScorecardDefinition& message) {
  DefinitionReader reader(field);
  Definition definition = reader.Read(message);
  RETURN_IF_ERROR(reader.status());
  return definition;
}

v1::ScorecardDefinition ToProto(const Definition& definition) {
  v1::ScorecardDefinition message;
  for (const Measure& measure : definition.measures) {
    v1::Measure* added = message.add_measures();
    added->set_key(measure.key);
    added->set_title(measure.title);
    added->set_weight(measure.weight);
    added->set_required(measure.required);
    std::visit([&](const auto& source) { Set(source, added); }, measure.source);
    std::visit([&](const auto& normaliser) { Set(normaliser, added); }, measure.normaliser);
    std::visit([&](const auto& missing) { Set(missing, added); }, measure.missing);
  }
  v1::BandRule* bands = message.mutable_bands();
  bands->set_red_below(definition.bands.red_below_milli / 1e3);
  bands->set_green_from(definition.bands.green_from_milli / 1e3);
  bands->set_margin(definition.bands.margin_milli / 1e3);
  bands->set_dwell_down_days(ToDays(definition.bands.dwell_down));
  bands->set_dwell_up_days(ToDays(definition.bands.dwell_up));
  message.set_min_coverage_percent(definition.min_coverage_percent);
  return message;
}

absl::StatusOr<Definition> ReadDefinition(const Version& version) {
  v1::ScorecardDefinition message;
  if (message.ParseFromString(version.definition)) {
    if (absl::StatusOr<Definition> definition = ToDefinition("definition", message); definition.ok()) return definition;
  }
  return absl::InternalError(absl::StrCat("the stored definition of version ", version.number, " of scorecard \"",
                                          version.scorecard_id, "\" is unreadable"));
}

v1::Scorecard ToProto(const Scorecard& scorecard) {
  v1::Scorecard message;
  message.set_scorecard_id(scorecard.scorecard_id);
  message.set_title(scorecard.title);
  message.set_latest_published_number(scorecard.latest_published_number);
  *message.mutable_create_time() = ToTimestamp(scorecard.create_time);
  return message;
}

absl::StatusOr<v1::ScorecardVersion> ToProto(const Version& version) {
  v1::ScorecardVersion message;
  message.set_scorecard_id(version.scorecard_id);
  message.set_number(version.number);
  message.set_state(version.state == VersionState::kDraft ? v1::VERSION_STATE_DRAFT : v1::VERSION_STATE_PUBLISHED);
  message.set_content_hash(version.content_hash);
  ASSIGN_OR_RETURN(const Definition definition, ReadDefinition(version));
  *message.mutable_definition() = ToProto(definition);
  message.set_change_note(version.change_note);
  message.set_etag(EtagOf(version));
  *message.mutable_create_time() = ToTimestamp(version.create_time);
  if (version.publish_time.has_value()) *message.mutable_publish_time() = ToTimestamp(*version.publish_time);
  return message;
}

v1::ListScorecardsResponse ToProto(const ScorecardPage& page, const std::vector<Scorecard>& scorecards) {
  v1::ListScorecardsResponse response;
  const size_t shown = std::min<size_t>(page.limit, scorecards.size());
  for (size_t i = 0; i < shown; ++i) *response.add_scorecards() = ToProto(scorecards[i]);
  if (shown < scorecards.size()) {
    response.set_next_page_token(MakePageToken(BoundTo(page), scorecards[shown - 1].scorecard_id));
  }
  return response;
}

v1::ListHealthResponse ToProto(const HealthPage& page, const std::vector<Record>& records) {
  v1::ListHealthResponse response;
  const size_t shown = std::min<size_t>(page.limit, records.size());
  for (size_t i = 0; i < shown; ++i) *response.add_healths() = WithoutContributions(records[i]);
  if (shown < records.size()) {
    response.set_next_page_token(MakePageToken(BoundTo(page), records[shown - 1].customer_id));
  }
  return response;
}

absl::StatusOr<v1::Health> ToProto(const Record& record) {
  v1::Health message = WithoutContributions(record);
  v1::Health stored;
  if (!stored.ParseFromString(record.contributions)) return absl::InternalError("stored contributions are unreadable");
  *message.mutable_contributions() = std::move(*stored.mutable_contributions());
  return message;
}

std::string EncodeContributions(const std::vector<Contribution>& contributions) {
  v1::Health message;
  for (const Contribution& contribution : contributions) *message.add_contributions() = ToProto(contribution);
  return message.SerializeAsString();
}

v1::BandChanged ToFact(const Record& record, const std::optional<BandState>& before, bool historical) {
  v1::BandChanged fact;
  fact.set_customer_id(record.customer_id);
  fact.set_scorecard_id(record.scorecard_id);
  fact.set_version(record.version);
  if (before.has_value()) fact.set_previous_band(ToProto(before->band));
  fact.set_band(ToProto(record.band->band));
  fact.set_health_millipoints(*record.health_milli);
  *fact.mutable_as_of() = ToTimestamp(record.as_of);
  fact.set_effect_key(absl::StrCat("band/", record.scorecard_id, "/", record.customer_id, "/", record.band_changes));
  fact.set_historical(historical);
  return fact;
}

}  // namespace waymark::health
