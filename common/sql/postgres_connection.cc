#include "common/sql/postgres_connection.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/log/log.h"

namespace waymark::sql {
namespace {

// Types by their fixed numbers (PostgreSQL's pg_type.dat).
constexpr Oid kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kOid = 26,
              kUnknown = 705, kFloat4 = 700, kFloat8 = 701, kBpchar = 1042, kVarchar = 1043, kNumeric = 1700,
              kVoid = 2278;

constexpr int kAsText = 0;
constexpr int kAsBinary = 1;

// Answers are taken after so many statements, so that neither side's buffers fill while the other only writes.
constexpr size_t kStatementsBetweenReads = 256;
// Texts should be constants, so there are few; where they are not, memory still has a bound, here and in the server.
constexpr size_t kMostStatements = 1000;

// A dead server or network is noticed within some 15 s even while waiting for an answer. The URL may say otherwise.
constexpr const char* kDefaults[][2] = {
    {"connect_timeout", "5"},  {"keepalives_idle", "10"},     {"keepalives_interval", "3"},
    {"keepalives_count", "2"}, {"tcp_user_timeout", "15000"}, {"fallback_application_name", "waymark"},
};

// Large values are compressed by lz4 where the server knows it: the default, pglz, made storing the journal's blocks
// six times slower (measured).
constexpr char kCompressQuickly[] =
    "SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)";

struct Freed {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Freed>;

// The type a parameter is sent as; 0 for a NULL whose type is not known.
Oid TypeOf(const Param& param) {
  constexpr Oid kTypes[] = {0, kInt8, kFloat8, kText, kBytea};
  static_assert(std::size(kTypes) == std::variant_size_v<Param::Value>);
  return kTypes[param.type()];
}

// Whether a statement prepared for `types` takes `params`.
bool Fits(const std::vector<Oid>& types, const Params& params) {
  if (types.size() != params.size()) return false;
  for (size_t i = 0; i < params.size(); ++i) {
    const Oid type = TypeOf(params[i]);
    if (type != 0 && types[i] != 0 && type != types[i]) return false;
  }
  return true;
}

std::vector<Oid> TypesOf(const Params& params) {
  std::vector<Oid> types;
  types.reserve(params.size());
  for (const Param& param : params) types.push_back(TypeOf(param));
  return types;
}

std::string Shortest(double value) {
  char digits[32];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  return std::string(digits, end.ptr);
}

// Reads a number of the network's byte order.
template <typename Number>
Number Load(const char* bytes) {
  Number number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i)
    number = static_cast<Number>(number << 8 | static_cast<uint8_t>(bytes[i]));
  return number;
}

template <typename Real, typename Bits>
double LoadReal(const char* bytes) {
  const Bits bits = Load<Bits>(bytes);
  Real real;
  std::memcpy(&real, &bits, sizeof(real));
  return real;
}

// A NUMERIC, as SUM and AVG give it: four 16-bit numbers (how many digits follow, the power of the first, the sign, how
// many decimal places) and the digits, to the base 10,000 (numeric_send in PostgreSQL's numeric.c). Without decimal
// places it is an integer, else a double.
absl::StatusOr<Row::Value> ReadNumeric(const char* bytes) {
  const int count = Load<uint16_t>(bytes);
  const int first_power = static_cast<int16_t>(Load<uint16_t>(bytes + 2));
  const int sign = Load<uint16_t>(bytes + 4);
  const int places = Load<uint16_t>(bytes + 6);
  if (sign != 0 && sign != 0x4000) return absl::InternalError("a number of the database is not finite");
  std::string text = sign == 0 ? "" : "-";
  for (int power = std::max(first_power, 0); power >= -(places + 3) / 4; --power) {
    if (power == -1) text += '.';
    const int at = first_power - power;
    absl::StrAppend(&text, absl::Dec(at >= 0 && at < count ? Load<uint16_t>(bytes + 8 + 2 * at) : 0, absl::kZeroPad4));
  }
  int64_t integer = 0;
  double real = 0;
  if (places == 0 && absl::SimpleAtoi(text, &integer)) return Row::Value(integer);
  if (places != 0 && absl::SimpleAtod(text, &real)) return Row::Value(real);
  return absl::InternalError("a number of the database is too large");
}

}  // namespace

absl::StatusOr<Row::Value> ReadValue(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) return Row::Value();
  const char* bytes = PQgetvalue(result, row, column);
  switch (const Oid type = PQftype(result, column)) {
    case kInt8:
      return Row::Value(static_cast<int64_t>(Load<uint64_t>(bytes)));
    case kInt4:
      return Row::Value(int64_t{static_cast<int32_t>(Load<uint32_t>(bytes))});
    case kInt2:
      return Row::Value(int64_t{static_cast<int16_t>(Load<uint16_t>(bytes))});
    case kOid:
      return Row::Value(int64_t{Load<uint32_t>(bytes)});
    case kBool:
      return Row::Value(int64_t{*bytes != 0});
    case kFloat8:
      return Row::Value(LoadReal<double, uint64_t>(bytes));
    case kFloat4:
      return Row::Value(LoadReal<float, uint32_t>(bytes));
    case kNumeric:
      return ReadNumeric(bytes);
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
    case kUnknown:
    case kBytea:
      return Row::Value(std::in_place_type<std::string>, bytes, PQgetlength(result, row, column));
    case kVoid:
      return Row::Value();
    default:
      log::Error("a column has a type that is not read here", {{"type", type}, {"column", PQfname(result, column)}});
      return absl::InternalError("the database answered with an unknown type");
  }
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Connect(const Url& url) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(url.prepared));
  RETURN_IF_ERROR(connection->Open(url));
  return connection;
}

absl::Status PostgresConnection::Open(const Url& url) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  const auto add = [&](const char* name, const char* value) {
    names.push_back(name);
    values.push_back(value);
  };
  for (const auto& [name, value] : kDefaults) add(name, value);
  add("dbname", url.connection.c_str());
  add("client_encoding", "UTF8");
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectdbParams(names.data(), values.data(), /*expand_dbname=*/1);
  if (PQstatus(connection_) != CONNECTION_OK) {
    log::Warning("cannot connect to PostgreSQL", {{"error", PQerrorMessage(connection_)}});
    return StoreUnavailable("the database cannot be reached");
  }
  PQsetNoticeProcessor(
      connection_,
      [](void*, const char* notice) {
        log::Debug("PostgreSQL says", {{"notice", notice}});
      },
      nullptr);
  if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) return Lose();
  // Where a pooler gives each transaction another connection, each transaction names its schema itself.
  if (!url.prepared) return absl::OkStatus();
  if (!url.schema.empty()) RETURN_IF_ERROR(Run(absl::StrCat("SET search_path TO ", url.schema)).status());
  return Run(kCompressQuickly).status();
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

bool PostgresConnection::Alive() {
  if (lost_ || PQstatus(connection_) != CONNECTION_OK) return false;
  pollfd socket = {PQsocket(connection_), POLLIN, 0};
  if (poll(&socket, 1, 0) == 0) return true;
  // Something has come unasked: a notice, or the server's farewell.
  if (PQconsumeInput(connection_) != 1) return false;
  PQisBusy(connection_);  // Reads what has come.
  return PQstatus(connection_) == CONNECTION_OK && poll(&socket, 1, 0) == 0;
}

absl::Status PostgresConnection::Run(absl::Span<const std::string> before, absl::string_view sql,
                                     absl::Span<const Params> sets,
                                     absl::FunctionRef<absl::Status(size_t, const PGresult*)> on_result) {
  if (lost_) return Lose();
  Trip trip = {.sql = sql, .on_result = on_result};
  trip.owners.reserve(before.size() + 2 + sets.size());
  if (statements_.size() >= kMostStatements) {
    statements_.clear();
    SendPlain(trip, "DEALLOCATE ALL");
  }
  for (const std::string& statement : before) SendPlain(trip, statement);
  std::vector<Statement>& known = statements_[sql];
  const size_t known_before = known.size();
  const absl::Status sent = SendSets(trip, sql, sets);
  if (!lost_ && PQpipelineSync(connection_) != 1) Lose().IgnoreError();
  trip.sync_sent = true;
  Pump(trip);
  if (lost_) return Lose();
  // What was refused before it was sent comes after what was sent.
  trip.status.Update(sent);
  // The server may not have got as far as preparing these.
  if (!trip.status.ok()) known.resize(known_before);
  return trip.status;
}

absl::StatusOr<std::string> PostgresConnection::Run(absl::string_view sql) {
  std::string done;
  const Params none;
  RETURN_IF_ERROR(Run({}, sql, {&none, 1}, [&](size_t, const PGresult* result) {
    done = PQcmdStatus(const_cast<PGresult*>(result));
    return absl::OkStatus();
  }));
  return done;
}

void PostgresConnection::SendPlain(Trip& trip, absl::string_view sql) {
  trip.owners.emplace_back();
  if (PQsendQueryParams(connection_, std::string(sql).c_str(), 0, nullptr, nullptr, nullptr, nullptr, kAsBinary) != 1) {
    Lose().IgnoreError();
  }
}

void PostgresConnection::SendPrepare(Trip& trip, const Statement& statement, absl::string_view sql) {
  trip.owners.emplace_back();
  if (PQsendPrepare(connection_, statement.name.c_str(), std::string(sql).c_str(),
                    static_cast<int>(statement.types.size()), statement.types.data()) != 1) {
    Lose().IgnoreError();
  }
}

absl::Status PostgresConnection::SendSets(Trip& trip, absl::string_view sql, absl::Span<const Params> sets) {
  std::vector<Statement>& known = statements_[sql];
  const Statement* statement = nullptr;
  const std::string text(sql);
  for (size_t i = 0; i < sets.size() && !lost_; ++i) {
    const Params& params = sets[i];
    RETURN_IF_ERROR(Encode(params));
    if (prepared_ && (statement == nullptr || !Fits(statement->types, params))) {
      const auto fitting = std::find_if(known.begin(), known.end(),
                                        [&](const Statement& candidate) { return Fits(candidate.types, params); });
      if (fitting == known.end()) {
        known.push_back({.name = absl::StrCat("waymark_", ++names_given_), .types = TypesOf(params)});
        SendPrepare(trip, known.back(), sql);
        statement = &known.back();
      } else {
        statement = &*fitting;
      }
    }
    trip.owners.emplace_back(i);
    const int count = static_cast<int>(params.size());
    const int sent =
        prepared_ ? PQsendQueryPrepared(connection_, statement->name.c_str(), count, encoded_.values.data(),
                                        encoded_.lengths.data(), encoded_.formats.data(), kAsBinary)
                  : PQsendQueryParams(connection_, text.c_str(), count, TypesOf(params).data(), encoded_.values.data(),
                                      encoded_.lengths.data(), encoded_.formats.data(), kAsBinary);
    if (sent != 1) return Lose();
    if (i % kStatementsBetweenReads == kStatementsBetweenReads - 1) Pump(trip);
  }
  return absl::OkStatus();
}

// Numbers go as text, which PostgreSQL reads as whatever type it has inferred where the first value was NULL; text and
// bytes go as they are, with their length.
absl::Status PostgresConnection::Encode(const Params& params) {
  const size_t count = params.size();
  encoded_.values.assign(count, nullptr);
  encoded_.lengths.assign(count, 0);
  encoded_.formats.assign(count, kAsText);
  encoded_.numbers.resize(std::max(count, encoded_.numbers.size()));
  for (size_t i = 0; i < count; ++i) {
    const Param::Value& value = params[i].value();
    const auto set_bytes = [&](absl::string_view bytes) {
      encoded_.values[i] = bytes.empty() ? "" : bytes.data();  // A null pointer would be NULL.
      encoded_.lengths[i] = static_cast<int>(bytes.size());
      encoded_.formats[i] = kAsBinary;
    };
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      encoded_.numbers[i].clear();
      absl::StrAppend(&encoded_.numbers[i], *integer);
      encoded_.values[i] = encoded_.numbers[i].c_str();
    } else if (const auto* real = std::get_if<double>(&value)) {
      if (std::isnan(*real)) return InvalidField("number", "must be a number");
      encoded_.numbers[i] = Shortest(*real);
      encoded_.values[i] = encoded_.numbers[i].c_str();
    } else if (const auto* text = std::get_if<absl::string_view>(&value)) {
      if (absl::StrContains(*text, '\0')) return InvalidField("text", "must not contain a NUL character");
      set_bytes(*text);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      set_bytes(bytes->bytes);
    }
  }
  return absl::OkStatus();
}

// Before the sync: sends what is waiting to be sent. After it: until everything is answered. Takes answers meanwhile,
// or the server would wait for us to read while we wait for it to read.
void PostgresConnection::Pump(Trip& trip) {
  while (!lost_) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) {
      Lose().IgnoreError();
      return;
    }
    TakeAnswers(trip);
    if (lost_ || (trip.sync_sent ? trip.synced : unsent == 0)) return;
    const auto events = static_cast<int16_t>(unsent == 0 ? POLLIN : POLLIN | POLLOUT);
    pollfd socket = {PQsocket(connection_), events, 0};
    if (poll(&socket, 1, -1) > 0 && (socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) != 1) {
      Lose().IgnoreError();
    }
  }
}

void PostgresConnection::TakeAnswers(Trip& trip) {
  const auto outstanding = [&] { return trip.answered < trip.owners.size() || (trip.sync_sent && !trip.synced); };
  while (!lost_ && outstanding() && PQisBusy(connection_) == 0) {
    const Result result(PQgetResult(connection_));
    // Null stands between the answers of two statements.
    if (result != nullptr) TakeAnswer(trip, result.get());
    if (PQstatus(connection_) == CONNECTION_BAD) Lose().IgnoreError();
  }
}

void PostgresConnection::TakeAnswer(Trip& trip, const PGresult* result) {
  const ExecStatusType kind = PQresultStatus(result);
  if (kind == PGRES_PIPELINE_SYNC) {
    trip.synced = true;
    return;
  }
  if (trip.answered == trip.owners.size()) {  // Nothing was asked: the server takes its leave.
    trip.status.Update(Classify(trip.sql, result));
    return;
  }
  const std::optional<size_t> owner = trip.owners[trip.answered++];
  if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
    if (owner.has_value() && trip.status.ok()) trip.status = trip.on_result(*owner, result);
  } else if (kind != PGRES_PIPELINE_ABORTED) {
    trip.status.Update(Classify(trip.sql, result));
  }
}

absl::Status PostgresConnection::Lose() {
  lost_ = true;
  return StoreUnavailable("the connection to the database was lost");
}

// By SQLSTATE (PostgreSQL's appendix A). Only the primary message is logged: the details may hold what was to be
// stored.
absl::Status PostgresConnection::Classify(absl::string_view sql, const PGresult* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const absl::string_view state = field == nullptr ? "" : field;
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const auto tell = [&](log::Level level) {
    log::Write(
        level, "PostgreSQL refused a statement",
        {{"sqlstate", state}, {"error", message == nullptr ? PQresultErrorMessage(result) : message}, {"sql", sql}});
  };
  const auto is_one_of = [&](std::initializer_list<absl::string_view> states) {
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  if (is_one_of({"40001", "40P01", "55P03"})) return absl::AbortedError("another transaction was faster");
  if (state == "23505") {
    tell(log::Level::kDebug);
    return AlreadyExists("what was to be stored");
  }
  if (is_one_of({"22021", "22P05"})) return InvalidField("text", "must be UTF-8");
  if (absl::StartsWith(state, "53")) {
    tell(log::Level::kWarning);
    return Error(absl::StatusCode::kResourceExhausted, "STORE_UNAVAILABLE",
                 "the database is full: nothing was stored; make room and send the call again");
  }
  // 57P…: the server stops, or an operator has cut the connection; 25P03: it was idle for too long; 26000: it forgot a
  // prepared statement, as a pooler between makes it do; no state: libpq noticed. 08P01 is our own fault. A new
  // connection is what helps against each.
  const bool says_nothing = state.empty() && PQresultStatus(result) != PGRES_EMPTY_QUERY;
  if (says_nothing || (absl::StartsWith(state, "08") && state != "08P01") || absl::StartsWith(state, "57P") ||
      is_one_of({"25P03", "26000"})) {
    tell(log::Level::kWarning);
    return Lose();
  }
  if (state == "57014" || absl::StartsWith(state, "58")) {
    tell(log::Level::kWarning);
    return StoreUnavailable("the database could not do it now");
  }
  tell(log::Level::kError);
  return absl::InternalError("the database refused a statement");
}

}  // namespace waymark::sql
