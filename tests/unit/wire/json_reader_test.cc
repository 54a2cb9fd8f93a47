#include "sdk/wire/json_reader.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> KeysOf(std::string_view text) {
  JsonReader json(text);
  std::vector<std::string> keys;
  std::string_view key;
  json.BeginObject();
  while (json.NextKey(key)) {
    keys.emplace_back(key);
    json.Skip();
  }
  json.Finish();
  EXPECT_TRUE(json.ok()) << json.status();
  return keys;
}

std::string StringIn(std::string_view text) {
  JsonReader json(text);
  std::string value;
  json.Read(value);
  json.Finish();
  EXPECT_TRUE(json.ok()) << json.status();
  return value;
}

template <class Value>
Value ValueIn(std::string_view text, Value value) {
  JsonReader json(text);
  json.Read(value);
  json.Finish();
  EXPECT_TRUE(json.ok()) << json.status();
  return value;
}

template <class Value>
std::string RefusalOf(std::string_view text) {
  JsonReader json(text);
  Value value{};
  if (json.Read(value)) json.Finish();
  EXPECT_FALSE(json.ok()) << text;
  EXPECT_EQ(json.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(json.status().message());
}

std::string SkipRefusal(std::string_view text) {
  JsonReader json(text);
  if (json.Skip()) json.Finish();
  return json.ok() ? "" : std::string(json.status().message());
}

TEST(JsonReader, ReadsAnObjectMemberByMember) {
  JsonReader json(R"({"perm":6,"brokerName":"broker-a","order":true,"epoch":1690000000000})");
  std::int32_t perm = 0;
  std::string name;
  bool order = false;
  std::int64_t epoch = 0;
  std::string_view key;
  ASSERT_TRUE(json.BeginObject());
  while (json.NextKey(key)) {
    if (key == "perm") {
      EXPECT_TRUE(json.Read(perm));
    } else if (key == "brokerName") {
      EXPECT_TRUE(json.Read(name));
    } else if (key == "order") {
      EXPECT_TRUE(json.Read(order));
    } else {
      EXPECT_EQ(key, "epoch");
      EXPECT_TRUE(json.Read(epoch));
    }
  }
  EXPECT_TRUE(json.Finish());
  EXPECT_EQ(perm, 6);
  EXPECT_EQ(name, "broker-a");
  EXPECT_TRUE(order);
  EXPECT_EQ(epoch, 1'690'000'000'000);
}

TEST(JsonReader, GoesOnBehindNestedContainers) {
  JsonReader json(R"([[],[[]],{},{"a":[1,{}]},"end"])");
  int elements = 0;
  std::string last;
  json.BeginArray();
  while (json.NextElement()) {
    ++elements;
    if (json.Peek() == JsonReader::Kind::kString) {
      json.Read(last);
    } else {
      json.Skip();
    }
  }
  EXPECT_TRUE(json.Finish());
  EXPECT_EQ(elements, 5);
  EXPECT_EQ(last, "end");
}

TEST(JsonReader, TellsTheKindOfTheNextValue) {
  using Kind = JsonReader::Kind;
  EXPECT_EQ(JsonReader(" null").Peek(), Kind::kNull);
  EXPECT_EQ(JsonReader("\ttrue").Peek(), Kind::kBool);
  EXPECT_EQ(JsonReader("\nfalse").Peek(), Kind::kBool);
  EXPECT_EQ(JsonReader("\r-1").Peek(), Kind::kNumber);
  EXPECT_EQ(JsonReader("0").Peek(), Kind::kNumber);
  EXPECT_EQ(JsonReader("\"").Peek(), Kind::kString);
  EXPECT_EQ(JsonReader("{").Peek(), Kind::kObject);
  EXPECT_EQ(JsonReader("[").Peek(), Kind::kArray);
  EXPECT_EQ(JsonReader("").Peek(), Kind::kNone);
  EXPECT_EQ(JsonReader("}").Peek(), Kind::kNone);
  EXPECT_EQ(JsonReader("+1").Peek(), Kind::kNone);
}

// --- The dialect -------------------------------------------------------------------------------------------------

TEST(JsonReaderDialect, KeysMayBeBareIntegers) {
  EXPECT_THAT(KeysOf(R"({0:"10.0.0.1:10911",-1:"x", 12 : {3:4} ,"q":0})"), ElementsAre("0", "-1", "12", "q"));
}

TEST(JsonReaderDialect, OtherBareKeysAreRefused) {
  for (const std::string_view text : {"{a:1}", "{-:1}", "{1.5:1}", "{1e2:1}", "{true:1}", "{'a':1}", "{:1}", "{,}"}) {
    EXPECT_NE(SkipRefusal(text), "") << text;
  }
}

TEST(JsonReaderDialect, NumbersAndBooleansMayStandInQuotes) {
  EXPECT_EQ(ValueIn<std::int32_t>(R"("-17")", 0), -17);
  EXPECT_EQ(ValueIn<std::int64_t>(R"("1690000000000")", 0), 1'690'000'000'000);
  EXPECT_EQ(ValueIn<bool>(R"("true")", false), true);
  EXPECT_EQ(ValueIn<bool>(R"("false")", true), false);
  EXPECT_EQ(ValueIn<std::int32_t>(R"("\u0037")", 0), 7);
}

TEST(JsonReaderDialect, NullLeavesTheTargetAsItIs) {
  EXPECT_EQ(ValueIn<std::int32_t>("null", 5), 5);
  EXPECT_EQ(ValueIn<std::int64_t>("null", 5), 5);
  EXPECT_EQ(ValueIn<bool>("null", true), true);
  EXPECT_EQ(ValueIn<std::string>("null", "kept"), "kept");
}

TEST(JsonReaderDialect, AnyValueCanBeTakenAsText) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"("a\"b")", "a\"b"},
      {"12", "12"},
      {"true", "true"},
      {"null", "null"},
      {R"( {"a" : [1, 2]} )", R"({"a" : [1, 2]})"},
  };
  for (const auto& [json_text, expected] : cases) {
    JsonReader json(json_text);
    std::string text;
    EXPECT_TRUE(json.ReadText(text));
    EXPECT_TRUE(json.Finish());
    EXPECT_EQ(text, expected);
  }
}

TEST(JsonReaderDialect, ALoneSurrogateBecomesTheReplacementCharacter) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  EXPECT_EQ(StringIn(R"("\ud83d")"), kReplacement);
  EXPECT_EQ(StringIn(R"("\ude80")"), kReplacement);
  EXPECT_EQ(StringIn(R"("a\ud83dz")"), absl::StrCat("a", kReplacement, "z"));
  EXPECT_EQ(StringIn(R"("\ud83d\n")"), absl::StrCat(kReplacement, "\n"));
  EXPECT_EQ(StringIn(R"("\ud83d\u0041")"), absl::StrCat(kReplacement, "A"));
  EXPECT_EQ(StringIn(R"("\ud83d\ud83d\ude80")"), absl::StrCat(kReplacement, "\xF0\x9F\x9A\x80"));
}

TEST(JsonReaderDialect, BytesThatAreNoUtf8ArePassedOn) { EXPECT_EQ(StringIn("\"\xC3\x28\xFF\""), "\xC3\x28\xFF"); }

// --- Strings -----------------------------------------------------------------------------------------------------

TEST(JsonReaderStrings, DecodeEveryEscape) {
  EXPECT_EQ(StringIn(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(StringIn(R"("\u0041\u00e9\u20AC\ud83d\ude80")"), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80");
  EXPECT_EQ(StringIn(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(StringIn(R"("\u07ff\u0800\uffff")"), "\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
  EXPECT_EQ(StringIn(R"("\udbff\udfff")"), "\xF4\x8F\xBF\xBF");
}

TEST(JsonReaderStrings, AreFoundAtEveryLengthAndOffset) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string plain(length, 'x');
    EXPECT_EQ(StringIn(absl::StrCat("\"", plain, "\"")), plain);
    EXPECT_EQ(StringIn(absl::StrCat("\"", plain, "\\n", plain, "\"")), absl::StrCat(plain, "\n", plain));
    const std::string high(length, '\xFE');  // No byte above 0x7F looks like a quote, an escape or a control character.
    EXPECT_EQ(StringIn(absl::StrCat("\"", high, "\"")), high);
  }
}

TEST(JsonReaderStrings, EveryControlCharacterHasToBeEscaped) {
  for (char c = 0; c < 0x20; ++c) {
    for (const std::size_t before : {0U, 3U, 8U, 13U}) {
      const std::string text = absl::StrCat("\"", std::string(before, 'x'), std::string(1, c), "xxxxxxxxxxxx\"");
      EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(text), "has to be escaped")) << static_cast<int>(c);
    }
  }
  EXPECT_EQ(StringIn("\"\x7F\""), "\x7F");
}

TEST(JsonReaderStrings, EscapedKeysAreDecoded) {
  EXPECT_THAT(KeysOf(R"({"\u0061b":{"\n":1},"plain":2,"c\"d":3})"), ElementsAre("ab", "plain", "c\"d"));
}

TEST(JsonReaderStrings, AnUnfinishedOneIsRefused) {
  for (const std::string_view text : {R"(")", R"("a)", R"("a\)", R"("a\")", R"("\u)", R"("\u12)", R"("\u123)",
                                      R"("\ud83d\)", R"("\ud83d\u)", R"("\ud83d\u12)"}) {
    EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(text), "ends in the middle")) << text;
  }
}

TEST(JsonReaderStrings, AnUnknownEscapeIsRefused) {
  EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(R"("\x41")"), "unknown escape"));
  EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(R"("\'")"), "unknown escape"));
  for (const std::string_view text : {R"("\u12g4")", R"("\u-123")", R"("\u+123")", R"("\u 123")", R"("\u0x12")"}) {
    EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(text), "hexadecimal digits")) << text;
  }
}

// --- Numbers -----------------------------------------------------------------------------------------------------

TEST(JsonReaderNumbers, ReachTheirLimits) {
  EXPECT_EQ(ValueIn<std::int32_t>("2147483647", 0), std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(ValueIn<std::int32_t>("-2147483648", 0), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(ValueIn<std::int64_t>("9223372036854775807", 0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ValueIn<std::int64_t>("-9223372036854775808", 0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(ValueIn<std::int32_t>("-0", 1), 0);
}

TEST(JsonReaderNumbers, BeyondTheirLimitsAreRefused) {
  for (const std::string_view text :
       {"2147483648", "-2147483649", "99999999999999999999", "1.0", "1e3", R"("")", R"("1x")", R"(" 1")", R"("+1")"}) {
    EXPECT_TRUE(absl::StrContains(RefusalOf<std::int32_t>(text), "no integer, or one that is out of range")) << text;
  }
  EXPECT_TRUE(absl::StrContains(RefusalOf<std::int64_t>("9223372036854775808"), "out of range"));
}

TEST(JsonReaderNumbers, FollowTheGrammar) {
  for (const std::string_view text : {"0", "-0", "10", "1.5", "-1.5e+10", "1E-2", "0.0", "0e0"}) {
    EXPECT_EQ(SkipRefusal(text), "") << text;
  }
  for (const std::string_view text :
       {"01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1.e5", "--1", "NaN", "Infinity", "-Infinity"}) {
    EXPECT_NE(SkipRefusal(text), "") << text;
  }
}

TEST(JsonReaderNumbers, AreRefusedWhereAnotherKindStands) {
  for (const std::string_view text : {"true", "[]", "{}", "", "nul"}) RefusalOf<std::int32_t>(text);
  for (const std::string_view text : {"1", "0", "[]", R"("yes")", R"("")", "tru", "falsy"}) RefusalOf<bool>(text);
  for (const std::string_view text : {"1", "true", "[]", "{}", ""}) RefusalOf<std::string>(text);
}

TEST(ParseInteger, TakesTheWholeText) {
  std::int32_t small = 1;
  EXPECT_TRUE(ParseInteger("-12", small));
  EXPECT_EQ(small, -12);
  for (const std::string_view text : {"", "-", "1x", "x1", " 1", "1 ", "+1", "2147483648", "0x1"}) {
    EXPECT_FALSE(ParseInteger(text, small)) << text;
    EXPECT_EQ(small, -12);
  }
  std::int64_t big = 0;
  EXPECT_TRUE(ParseInteger("2147483648", big));
  EXPECT_EQ(big, 2'147'483'648);
}

// --- Limits and errors -------------------------------------------------------------------------------------------

std::string Nested(int depth, std::string_view open, std::string_view inside, std::string_view close) {
  std::string text;
  for (int i = 0; i < depth; ++i) absl::StrAppend(&text, open);
  absl::StrAppend(&text, inside);
  for (int i = 0; i < depth; ++i) absl::StrAppend(&text, close);
  return text;
}

TEST(JsonReaderLimits, NestingStopsAtItsLimit) {
  EXPECT_EQ(SkipRefusal(Nested(kMaxJsonDepth, "[", "1", "]")), "");
  EXPECT_TRUE(absl::StrContains(SkipRefusal(Nested(kMaxJsonDepth + 1, "[", "1", "]")), "nested too deeply"));
  EXPECT_EQ(SkipRefusal(Nested(kMaxJsonDepth, "{\"a\":", "1", "}")), "");
  EXPECT_TRUE(absl::StrContains(SkipRefusal(Nested(kMaxJsonDepth + 1, "{\"a\":", "1", "}")), "nested too deeply"));
  EXPECT_TRUE(absl::StrContains(SkipRefusal(std::string(1'000'000, '[')), "nested too deeply"));
}

TEST(JsonReaderLimits, ClosedContainersDoNotCount) {
  std::string text = "[";
  for (int i = 0; i < 10 * kMaxJsonDepth; ++i) absl::StrAppend(&text, "[{}],");
  EXPECT_EQ(SkipRefusal(absl::StrCat(text, "0]")), "");
}

TEST(JsonReaderLimits, StringsStopAtTheirLimit) {
  const std::string fits(kMaxStringBytes, 'x');
  const std::string half(kMaxStringBytes / 2, 'x');
  EXPECT_EQ(StringIn(absl::StrCat("\"", fits, "\"")), fits);
  EXPECT_EQ(StringIn(absl::StrCat("\"", half, "\\n", half.substr(1), "\"")).size(), kMaxStringBytes);
  EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(absl::StrCat("\"", fits, "x\"")), "too long"));
  EXPECT_TRUE(absl::StrContains(RefusalOf<std::string>(absl::StrCat("\"", half, "\\n", half, "\"")), "too long"));
  EXPECT_TRUE(absl::StrContains(SkipRefusal(absl::StrCat("{\"", fits, "x\":1}")), "too long"));
}

TEST(JsonReaderErrors, TellTheSpotInPrintableForm) {
  const std::string refusal = RefusalOf<std::string>("\"before \x01 after\"");
  EXPECT_EQ(refusal,
            "malformed JSON at byte 8 of 16: a control character inside a string has to be escaped; around it: "
            "\"\\\"before \\x01 after\\\"\"");
}

TEST(JsonReaderErrors, QuoteNoMoreThanTheSurroundings) {
  const std::string long_text = absl::StrCat("[\"", std::string(5'000, 'a'), "\",", std::string(5'000, '?'), "]");
  const std::string refusal = SkipRefusal(long_text);
  EXPECT_TRUE(absl::StrContains(refusal, "at byte 5004 of 10005")) << refusal;
  EXPECT_LT(refusal.size(), 300u);
}

TEST(JsonReaderErrors, TheFirstOneStays) {
  JsonReader json(R"({"a":tru,"b":1})");
  std::string_view key;
  bool truth = false;
  json.BeginObject();
  ASSERT_TRUE(json.NextKey(key));
  EXPECT_FALSE(json.Read(truth));
  const absl::Status first = json.status();
  std::int32_t number = 7;
  std::string text = "kept";
  EXPECT_FALSE(json.NextKey(key));
  EXPECT_FALSE(json.NextElement());
  EXPECT_FALSE(json.BeginObject());
  EXPECT_FALSE(json.BeginArray());
  EXPECT_FALSE(json.Read(number));
  EXPECT_FALSE(json.Read(text));
  EXPECT_FALSE(json.ReadText(text));
  EXPECT_FALSE(json.ReadNull());
  EXPECT_FALSE(json.Skip());
  EXPECT_FALSE(json.Fail("something else"));
  EXPECT_FALSE(json.Finish());
  EXPECT_EQ(json.Peek(), JsonReader::Kind::kNone);
  EXPECT_EQ(json.status(), first);
  EXPECT_EQ(number, 7);
  EXPECT_EQ(text, "kept");
}

TEST(JsonReaderErrors, TheCallerMayReportItsOwn) {
  JsonReader json("[1]");
  json.BeginArray();
  json.NextElement();
  json.Fail("no such broker");
  EXPECT_TRUE(absl::StrContains(json.status().message(), "at byte 1 of 3: no such broker")) << json.status();
}

TEST(JsonReaderErrors, BadStructureIsRefused) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[",
                                      "}",
                                      "]",
                                      "{]",
                                      "[}",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1,,2]",
                                      R"({"a"})",
                                      R"({"a":})",
                                      R"({"a":1,})",
                                      R"({"a":1 "b":2})",
                                      R"({"a" 1})",
                                      R"({"a"::1})",
                                      "[1]]",
                                      "{}{}",
                                      "1 2",
                                      "nul",
                                      "nulll",
                                      "truefalse",
                                      "tRue",
                                      "\xEF\xBB\xBF{}",
                                      "'a'",
                                      "[1;2]",
                                      "// comment\n1"}) {
    EXPECT_NE(SkipRefusal(text), "") << text;
  }
}

}  // namespace
}  // namespace corocket::wire
