// What the readers of event files promise: csv.h, input.h, event_reader.h, arrangement.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/cli/arrangement.h"
#include "services/cli/csv.h"
#include "services/cli/event_reader.h"
#include "services/cli/input.h"
#include "tests/support/temp_dir.h"

namespace waymark::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Text given in pieces of `piece` bytes, so that every boundary is met.
class TextInput final : public Input {
 public:
  explicit TextInput(std::string text, size_t piece = 3) : text_(std::move(text)), piece_(piece) {}
  absl::StatusOr<absl::string_view> Read() override {
    const absl::string_view next = absl::string_view(text_).substr(at_, piece_);
    at_ += next.size();
    return next;
  }
  double fraction() const override { return -1; }

 private:
  const std::string text_;
  const size_t piece_;
  size_t at_ = 0;
};

// The records of a CSV text: cells, or the problem.
std::vector<std::string> RecordsOf(const std::string& text) {
  std::vector<std::string> records;
  TextInput input(text);
  CsvReader reader(LineReader(input), ',');
  while (true) {
    const auto record = reader.Next();
    if (!record.ok() || !record->has_value()) return records;
    std::string shown = absl::StrCat((*record)->line, ":");
    for (const std::string& cell : (*record)->cells) absl::StrAppend(&shown, " <", cell, ">");
    records.push_back((*record)->problem.empty() ? shown : absl::StrCat((*record)->line, "! ", (*record)->problem));
  }
}

TEST(CsvTest, QuotedCellsHoldSeparatorsQuotesAndLineEnds) {
  EXPECT_THAT(RecordsOf("a,\"b,1\",\"c \"\"x\"\"\"\n\"d\ne\",f,\n"),
              ElementsAre("1: <a> <b,1> <c \"x\">", "2: <d\ne> <f> <>"));
}

TEST(CsvTest, LinesMayEndWithCrLfAndTheLastOneWithNothing) {
  EXPECT_THAT(RecordsOf("a,b\r\n\"c\",d\r\n\r\ne,f"), ElementsAre("1: <a> <b>", "2: <c> <d>", "4: <e> <f>"));
}

TEST(CsvTest, AByteOrderMarkIsDropped) {
  EXPECT_THAT(RecordsOf("\xEF\xBB\xBF"
                        "a,b\n"),
              ElementsAre("1: <a> <b>"));
}

TEST(CsvTest, AQuoteThatIsNeverClosedCostsItsLineAlone) {
  EXPECT_THAT(RecordsOf("a,b\nc,\"d\ne,f\ng,h\n"),
              ElementsAre("1: <a> <b>", "2! a quote that opens here is never closed; is the file cut?", "3: <e> <f>",
                          "4: <g> <h>"));
}

TEST(CsvTest, TextAfterAClosingQuoteIsAProblem) {
  EXPECT_THAT(RecordsOf("\"a\"x,b\nc,d\n"),
              ElementsAre("1! column 4: after a closing quote only a separator may follow", "2: <c> <d>"));
}

TEST(CsvTest, ALineThatIsTooLongIsAProblemAndTheNextOneIsRead) {
  const auto records = RecordsOf(absl::StrCat(std::string((1 << 20) + 1, 'x'), "\na,b\n"));
  EXPECT_THAT(records, ElementsAre("1! longer than 1 MiB; an event has at most 64 kB", "2: <a> <b>"));
}

// Everything that an input gives, and how it ended.
std::pair<std::string, absl::Status> Drain(Input& input) {
  std::string text;
  while (true) {
    const auto chunk = input.Read();
    if (!chunk.ok() || chunk->empty()) return {text, chunk.status()};
    text.append(chunk->data(), chunk->size());
  }
}

void WriteGzip(const std::string& path, const std::string& text, const char* mode = "wb") {
  const gzFile file = gzopen(path.c_str(), mode);
  ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  gzclose(file);
}

std::string LongText() {
  std::string text;
  for (int i = 0; i < 50'000; ++i) absl::StrAppend(&text, i * 7919 % 10'007, "\n");
  return text;
}

TEST(InputTest, PlainAndGzippedFilesGiveTheSame) {
  const support::TempDir dir;
  const std::string text = LongText();
  support::WriteFile(dir.File("plain"), text);
  WriteGzip(dir.File("packed"), text);
  for (const char* name : {"plain", "packed"}) {
    const auto input = Input::Open(dir.File(name));
    ASSERT_TRUE(input.ok()) << input.status();
    const auto [read, end] = Drain(**input);
    EXPECT_TRUE(end.ok()) << end;
    EXPECT_EQ(read, text);
    EXPECT_EQ((*input)->fraction(), 1);
  }
}

TEST(InputTest, GzipFilesOneAfterTheOtherAreOne) {
  const support::TempDir dir;
  WriteGzip(dir.File("packed"), "a\n");
  WriteGzip(dir.File("packed"), "b\n", "ab");
  const auto input = Input::Open(dir.File("packed"));
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(Drain(**input).first, "a\nb\n");
}

TEST(InputTest, ACutGzipFileGivesWhatIsThereAndSaysSo) {
  const support::TempDir dir;
  const std::string text = LongText();
  WriteGzip(dir.File("packed"), text);
  const std::string packed = support::ReadFile(dir.File("packed"));
  support::WriteFile(dir.File("cut"), packed.substr(0, packed.size() / 2));
  const auto input = Input::Open(dir.File("cut"));
  ASSERT_TRUE(input.ok());
  const auto [read, end] = Drain(**input);
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(end.message()), HasSubstr("is cut: the gzipped data ends too early"));
  EXPECT_GT(read.size(), 1000);
  EXPECT_EQ(read, text.substr(0, read.size()));
}

TEST(InputTest, ADamagedGzipFileIsNoticed) {
  const support::TempDir dir;
  WriteGzip(dir.File("packed"), LongText());
  std::string packed = support::ReadFile(dir.File("packed"));
  packed[packed.size() - 6] ^= 1;  // In the checksum.
  support::WriteFile(dir.File("damaged"), packed);
  const auto input = Input::Open(dir.File("damaged"));
  ASSERT_TRUE(input.ok());
  EXPECT_THAT(std::string(Drain(**input).second.message()), HasSubstr("is damaged"));
}

TEST(InputTest, WhatCannotBeOpenedIsNamed) {
  const support::TempDir dir;
  EXPECT_EQ(Input::Open(dir.File("none")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Input::Open(dir.path()).status().message()), HasSubstr("is a folder"));
}

// How a reader sees a text: each event as `line id customer type time`, or its problem.
std::vector<std::string> EventsOf(const std::string& text, ReadOptions options = {}) {
  TextInput input(text);
  const auto reader = EventReader::Open(input, std::move(options));
  if (!reader.ok()) return {absl::StrCat("refused: ", reader.status().message())};
  std::vector<std::string> events;
  while (true) {
    const auto next = (*reader)->Next();
    if (!next.ok() || !next->has_value()) return events;
    const SourceEvent& source = **next;
    const milestone::v1::Event& event = source.event;
    events.push_back(source.problem.empty()
                         ? absl::StrCat(source.line, " ", event.event_id(), " ", event.customer_id(), " ", event.type(),
                                        " ", event.event_time().seconds(), ".", event.event_time().nanos() / 1000)
                         : absl::StrCat(source.line, "! ", source.problem));
  }
}

constexpr char kHeader[] = "event_id,customer_id,type,event_time,properties\n";

Columns ColumnsOf(absl::string_view text) { return *Columns::Parse(text); }

TEST(EventReaderTest, ReadsCsvByTheNamesOfTheFields) {
  TextInput input(absl::StrCat("user_id,source_sequence,", kHeader,
                               "u7,12,e1,acme,report_run,2026-05-04T09:00:00.25Z,\"{\"\"plan\"\": \"\"team\"\"}\"\n"));
  const auto reader = EventReader::Open(input, {});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto next = (*reader)->Next();
  ASSERT_TRUE(next.ok());
  const milestone::v1::Event& event = (*next)->event;
  EXPECT_EQ(event.event_id(), "e1");
  EXPECT_EQ(event.customer_id(), "acme");
  EXPECT_EQ(event.user_id(), "u7");
  EXPECT_EQ(event.type(), "report_run");
  EXPECT_EQ(event.event_time().seconds(), 1777885200);
  EXPECT_EQ(event.event_time().nanos(), 250'000'000);
  EXPECT_EQ(event.source_sequence(), 12);
  EXPECT_EQ(event.properties().fields().at("plan").string_value(), "team");
}

TEST(EventReaderTest, AnEmptyPropertiesCellMeansNone) {
  TextInput input(absl::StrCat(kHeader, "e1,acme,login,2026-05-04T09:00:00Z,\n"));
  const auto reader = EventReader::Open(input, {});
  EXPECT_FALSE((*(*reader)->Next())->event.has_properties());
}

TEST(EventReaderTest, ColumnsMayBeCalledOtherwise) {
  EXPECT_THAT(EventsOf("id,who,what,at\ne1,acme,login,2026-05-04T11:00:00+02:00\n",
                       {.columns = ColumnsOf("event_id=id,customer=who,type=what,time=at")}),
              ElementsAre("2 e1 acme login 1777885200.0"));
}

TEST(EventReaderTest, AMissingColumnIsNamedWithTheNearestOne) {
  const auto refused = EventsOf("event_id,customer_id,type,event_tme\n");
  EXPECT_THAT(refused,
              ElementsAre("refused: no column \"event_time\" for the event's time; did you mean \"event_tme\"? "
                          "The columns are: event_id, customer_id, type, event_tme. Say which is which by "
                          "--columns time=…"));
  EXPECT_THAT(EventsOf(kHeader, {.columns = ColumnsOf("properties=atrs")}),
              ElementsAre(HasSubstr("no column \"atrs\"")));
}

TEST(EventReaderTest, AColumnOfAnotherPartIsNotProposedForAMissingOne) {
  EXPECT_THAT(EventsOf("event_id,customer_id,type,when\n"),
              ElementsAre("refused: no column \"event_time\" for the event's time. The columns are: event_id, "
                          "customer_id, type, when. Say which is which by --columns time=…"));
}

TEST(EventReaderTest, UnknownPartsOfColumnsAreNamedWithTheNearestOne) {
  EXPECT_THAT(std::string(Columns::Parse("custmer=a").status().message()), HasSubstr("did you mean \"customer\"?"));
  EXPECT_THAT(std::string(Columns::Parse("customer").status().message()), HasSubstr("not of the form part=column"));
  EXPECT_THAT(std::string(Columns::Parse("type=a,type=b").status().message()), HasSubstr("type is given twice"));
}

TEST(EventReaderTest, BadLinesAreNamedAndTheOthersRead) {
  EXPECT_THAT(EventsOf(absl::StrCat(kHeader,
                                    "e1,acme,login,2026-05-04T09:00:00Z,\n"
                                    "e2,acme,login,yesterday,\n"
                                    "e3,acme,login,2026-05-04T09:00:00Z,{plan}\n"
                                    "e4,acme\n"
                                    "e5,ac\xFFme,login,2026-05-04T09:00:00Z,\n"
                                    "e6,acme,login,9999-12-31T00:00:00Z,\n"
                                    "e7,acme,login,infinite-future,\n"
                                    "e8,acme,login,2026-05-04T09:00:00Z,")),
              ElementsAre("2 e1 acme login 1777885200.0",
                          "3! time: \"yesterday\" is not a time; write RFC 3339, such as 2026-05-04T09:00:00Z",
                          "4! properties: character 2 of the cell: expected a name in double quotes",
                          "5! 2 cells where the header has 5; is the file cut, or a quote missing?",
                          "6! customer: not UTF-8; save the file as UTF-8", "7 e6 acme login 253402214400.0",
                          HasSubstr("8! time: \"infinite-future\""), "9 e8 acme login 1777885200.0"));
}

TEST(EventReaderTest, WhatAnEventLacksIsForTheServerToSay) {
  EXPECT_THAT(EventsOf(absl::StrCat(kHeader, ",acme,login,,\n")), ElementsAre("2  acme login 0.0"));
}

TEST(EventReaderTest, ReadsJsonLinesInTheJsonFormOfEvents) {
  EXPECT_THAT(EventsOf(R"({"eventId": "e1", "customerId": 17, "type": "login", "eventTime": "2026-05-04T09:00:00Z"}

{"event_id": "e2", "customer_id": "acme", "type": "login", "event_time": "2026-05-04T09:00:00Z", "properties": [1]}
{"event_id": "e3", "customer_id": "acme", "type": "login", "event_time": "2026-05-04T09:00:00Z"
{"event_id": "e4", "customer_id": "acme", "type": "login", "event_time": "2026-05-04T09:00:00Z", "source_sequence": "9"}
{"event_id": "e5", "cust)"),
              ElementsAre("1 e1 17 login 1777885200.0", "3! properties: must be an object",
                          HasSubstr("4! column 96: expected ',' or '}'"), "5 e4 acme login 1777885200.0",
                          HasSubstr("6! column 25: ends inside a string; is the file cut?")));
}

TEST(EventReaderTest, JsonNamesThatDoNotExistAreNoticedAtTheFirstLine) {
  EXPECT_THAT(EventsOf(R"({"event_id": "e1", "account": "acme", "type": "login", "at": "2026-05-04T09:00:00Z"})",
                       {.columns = ColumnsOf("customer=acount,time=at")}),
              ElementsAre(HasSubstr("no column \"acount\" for the event's customer; did you mean \"account\"?")));
}

TEST(EventReaderTest, FilesThatAreSomethingElseAreRefused) {
  EXPECT_THAT(EventsOf(""), ElementsAre("refused: there is nothing in the file"));
  EXPECT_THAT(EventsOf("[{}]"), ElementsAre(HasSubstr("one JSON array; give one object per line")));
  EXPECT_THAT(EventsOf("\xFF\xFE"
                       "a"),
              ElementsAre(HasSubstr("UTF-16")));
  EXPECT_THAT(EventsOf("PAR1\xFF\x01\n"), ElementsAre(HasSubstr("not UTF-8 text")));
}

TEST(EventReaderTest, WorkspacesMayStandBeforeTheCustomer) {
  TextInput input(
      "event_id,customer,type,time\ne1,acme|7,login,2026-05-04T09:00:00Z\ne2,7,login,2026-05-04T09:00:00Z\n");
  const auto reader = EventReader::Open(input, {.workspace_before = "|"});
  const SourceEvent first = **(*reader)->Next();
  EXPECT_EQ(first.workspace, "acme");
  EXPECT_EQ(first.event.customer_id(), "7");
  EXPECT_EQ((*(*reader)->Next())->problem, "customer: no \"|\" stands in it (--workspace-before)");
}

TEST(EventReaderTest, OnlyRowsWithAValueAreRead) {
  EXPECT_THAT(EventsOf(absl::StrCat(kHeader, "e1,a,login,,\ne2,b,login,,\n"), {.only = {{"customer_id", "b"}}}),
              ElementsAre("3 e2 b login 0.0"));
  EXPECT_THAT(EventsOf(kHeader, {.only = {{"region", "eu"}}}),
              ElementsAre(HasSubstr("no column \"region\" for --only")));
}

TEST(EventReaderTest, SemicolonsMaySeparate) {
  EXPECT_THAT(EventsOf("event_id;customer;type;time\ne1;acme;a,b;\n", {.separator = ';'}),
              ElementsAre("2 e1 acme a,b 0.0"));
}

// The ids in the order in which they would be sent, of `count` events with one bad line in the middle.
std::vector<std::string> Arranged(int count, const ArrangementOptions& options) {
  std::string text = kHeader;
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&text, "e", i, ",acme,login,", i == count / 2 ? "never" : "2026-05-04T09:00:00Z", ",\n");
  }
  TextInput input(text, 4096);
  const auto reader = EventReader::Open(input, {});
  const auto arrangement = Arrangement::Create(**reader, options);
  std::vector<std::string> ids;
  while (true) {
    const auto next = arrangement->Next();
    if (!next.ok() || !next->has_value()) return ids;
    ids.push_back((*next)->problem.empty() ? (*next)->event.event_id() : "bad");
  }
}

std::map<std::string, int> CountsOf(const std::vector<std::string>& ids) {
  std::map<std::string, int> counts;
  for (const std::string& id : ids) ++counts[id];
  return counts;
}

TEST(ArrangementTest, FileOrderIsTheFiles) { EXPECT_THAT(Arranged(5, {}), ElementsAre("e0", "e1", "bad", "e3", "e4")); }

TEST(ArrangementTest, ShufflesTheSameWayForTheSameSeed) {
  const auto in_order = Arranged(200, {});
  const auto seven = Arranged(200, {.shuffle_seed = 7});
  EXPECT_EQ(seven, Arranged(200, {.shuffle_seed = 7}));
  EXPECT_NE(seven, in_order);
  EXPECT_NE(seven, Arranged(200, {.shuffle_seed = 8}));
  EXPECT_EQ(CountsOf(seven), CountsOf(in_order));
}

TEST(ArrangementTest, RepeatsEachEventUpToTheMostAndBadLinesNever) {
  for (const std::optional<uint64_t> shuffle : {std::optional<uint64_t>(), std::optional<uint64_t>(3)}) {
    const ArrangementOptions options{.shuffle_seed = shuffle, .most_repeats = 3, .repeat_seed = 1};
    const auto ids = Arranged(500, options);
    EXPECT_EQ(ids, Arranged(500, options));
    std::map<int, int> by_times;
    for (const auto& [id, times] : CountsOf(ids)) {
      EXPECT_TRUE(id != "bad" || times == 1);
      ++by_times[times];
    }
    EXPECT_EQ(by_times.size(), 3);
    EXPECT_GT(by_times[1], 100);
    EXPECT_GT(by_times[2], 100);
    EXPECT_GT(by_times[3], 100);
  }
}

TEST(ArrangementTest, OrdersAndRepeatsThatAreNotOfTheFormAreRefused) {
  ArrangementOptions options;
  EXPECT_TRUE(options.SetOrder("shuffle:7").ok());
  EXPECT_EQ(options.shuffle_seed, 7);
  EXPECT_TRUE(options.SetOrder("file").ok());
  EXPECT_FALSE(options.shuffle_seed.has_value());
  for (const char* order : {"", "random", "shuffle", "shuffle:x", "shuffle:-1"})
    EXPECT_FALSE(options.SetOrder(order).ok());
  EXPECT_TRUE(options.SetRepeat("3:1").ok());
  for (const char* repeat : {"", "3", "0:1", "101:1", "3:x", "3:1:1"}) EXPECT_FALSE(options.SetRepeat(repeat).ok());
}

}  // namespace
}  // namespace waymark::cli
