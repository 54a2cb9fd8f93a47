#include "sdk/wire/codec.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_header.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {
namespace {

std::string FromHex(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(absl::HexStringToBytes(hex, &bytes)) << hex;
  return bytes;
}

std::string BigEndian32(std::size_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift & 0xFF));
  return bytes;
}

// A frame around a header that no encoder of ours would write.
std::string FrameAround(SerializeType form, std::string_view header, std::string_view body = "") {
  const std::size_t form_bits = static_cast<std::size_t>(form) << 24;
  return absl::StrCat(BigEndian32(4 + header.size() + body.size()), BigEndian32(form_bits | header.size()), header,
                      body);
}

std::string JsonFrame(std::string_view header) { return FrameAround(SerializeType::kJson, header); }
std::string BinaryFrame(std::string_view header_hex) {
  return FrameAround(SerializeType::kRocketMq, FromHex(header_hex));
}

std::string Encoded(const Frame& frame) {
  std::string bytes;
  const absl::Status encoded = AppendFrame(frame, bytes);
  EXPECT_TRUE(encoded.ok()) << encoded;
  return bytes;
}

Frame Decoded(std::string_view bytes) {
  absl::StatusOr<Frame> frame = DecodeFrame(bytes);
  EXPECT_TRUE(frame.ok()) << frame.status();
  return frame.ok() ? *std::move(frame) : Frame();
}

// One frame with every field set to something that is easily got wrong.
Frame RichFrame(SerializeType form) {
  Frame frame{.header = {},
              .body = std::string("body\0with\xFF"
                                  "all",
                                  13),
              .serialize = form};
  frame.header.code = -1006;
  frame.header.language = Language::kNodeJs;
  frame.header.version = 513;
  frame.header.opaque = std::numeric_limits<std::int32_t>::min();
  frame.header.flag = kFlagResponse | kFlagOneway;
  frame.header.remark = "line\nquote \" backslash \\ \x01\x02 \x7F \xC3\xA9 \xF0\x9F\x9A\x80";
  frame.header.ext_fields.Set("properties", "KEYS\x01k\x02TAGS\x01t\x02");
  frame.header.ext_fields.Set("empty", "");
  frame.header.ext_fields.Set("", "no name");
  frame.header.ext_fields.Set("with \"quotes\"", "{\"json\":[1,2]}");
  return frame;
}

// The example that the protocol's description spells out byte by byte.
Frame DocumentedRequest() {
  Frame frame{.header = {}, .body = "hi", .serialize = SerializeType::kRocketMq};
  frame.header.code = 105;
  frame.header.version = 479;
  frame.header.opaque = 7;
  frame.header.ext_fields.Set("topic", "T");
  frame.header.ext_fields.Set("acceptStandardJsonOnly", "true");
  return frame;
}

constexpr std::string_view kDocumentedBinary =
    "0000004701000041006901"
    "01DF0000000700000000000000000000002C"
    "0005746F7069630000000154001661636365707453"
    "74616E646172644A736F6E4F6E6C7900000004747275656869";

TEST(Codec, WritesTheDocumentedBinaryFrame) {
  const std::string bytes = FromHex(kDocumentedBinary);
  EXPECT_EQ(Encoded(DocumentedRequest()), bytes);
  EXPECT_TRUE(Decoded(bytes) == DocumentedRequest());
}

TEST(Codec, WritesJsonHeadersAsJavaDoes) {
  Frame frame = DocumentedRequest();
  frame.serialize = SerializeType::kJson;
  frame.body.clear();
  const std::string header =
      R"({"code":105,"extFields":{"topic":"T","acceptStandardJsonOnly":"true"},"flag":0,"language":"CPP",)"
      R"("opaque":7,"serializeTypeCurrentRPC":"JSON","version":479})";
  EXPECT_EQ(Encoded(frame), JsonFrame(header));
}

TEST(Codec, WritesExtFieldsEvenWhenThereAreNone) {
  EXPECT_TRUE(absl::StrContains(Encoded(Frame()), R"("extFields":{})"));
}

TEST(Codec, LeavesAnEmptyRemarkOut) { EXPECT_FALSE(absl::StrContains(Encoded(Frame()), "remark")); }

TEST(Codec, GivesBackEveryFieldInBothForms) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    const Frame frame = RichFrame(form);
    EXPECT_TRUE(Decoded(Encoded(frame)) == frame);
  }
}

TEST(Codec, GivesBackEveryLanguageInBothForms) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    for (int language = 0; language <= static_cast<int>(Language::kNodeJs); ++language) {
      Frame frame{.header = {}, .body = "", .serialize = form};
      frame.header.language = static_cast<Language>(language);
      EXPECT_EQ(Decoded(Encoded(frame)).header.language, frame.header.language);
    }
  }
}

TEST(Codec, GivesBackTheExtremesOfEveryNumber) {
  for (const std::int32_t number :
       {std::numeric_limits<std::int32_t>::min(), -1, 0, 200'151, std::numeric_limits<std::int32_t>::max()}) {
    Frame frame;
    frame.header.code = frame.header.version = frame.header.opaque = frame.header.flag = number;
    EXPECT_TRUE(Decoded(Encoded(frame)) == frame) << number;
  }
}

TEST(Codec, AppendsToWhatIsThere) {
  std::string bytes = "before";
  ASSERT_TRUE(AppendFrame(DocumentedRequest(), bytes).ok());
  ASSERT_TRUE(AppendFrame(DocumentedRequest(), bytes).ok());
  EXPECT_EQ(bytes, absl::StrCat("before", FromHex(kDocumentedBinary), FromHex(kDocumentedBinary)));
}

TEST(Codec, AHeadAndItsBodyBehindItAreTheFrame) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    const Frame frame = RichFrame(form);
    std::string bytes = "before";
    ASSERT_TRUE(AppendFrameHead(frame, bytes).ok());
    EXPECT_EQ(bytes + frame.body, "before" + Encoded(frame));
  }
}

TEST(Codec, KnowsWhichFramesTheBinaryFormIsTooNarrowFor) {
  Frame pop{.header = {}, .body = "", .serialize = SerializeType::kRocketMq};
  EXPECT_TRUE(FitsItsForm(pop));
  pop.header.code = 200'050;
  EXPECT_FALSE(FitsItsForm(pop));
  pop.serialize = SerializeType::kJson;
  EXPECT_TRUE(FitsItsForm(pop));
  EXPECT_EQ(Decoded(Encoded(pop)).header.code, 200'050);
}

TEST(Codec, PeeksTheFirstOfSeveralFrames) {
  const std::string first = Encoded(RichFrame(SerializeType::kJson));
  const absl::StatusOr<FrameExtent> extent = PeekFrame(first + Encoded(DocumentedRequest()));
  ASSERT_TRUE(extent.ok()) << extent.status();
  EXPECT_EQ(extent->bytes, first.size());
}

TEST(Codec, RefusesToDecodeMoreOrLessThanOneFrame) {
  const std::string bytes = Encoded(DocumentedRequest());
  EXPECT_EQ(DecodeFrame(bytes + "x").status().code(), absl::StatusCode::kInvalidArgument);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const absl::Status refused = DecodeFrame(std::string_view(bytes).substr(0, size)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << size;
    EXPECT_TRUE(absl::StrContains(refused.message(), absl::StrCat(size, " bytes are not one whole frame"))) << refused;
  }
}

// --- Limits -----------------------------------------------------------------------------------------------------

Frame FrameOfSize(std::size_t wire_bytes, SerializeType form) {
  Frame frame{.header = {}, .body = "", .serialize = form};
  frame.body.assign(wire_bytes - Encoded(frame).size(), 'x');
  return frame;
}

TEST(CodecLimits, AFrameOfExactlyTheLimitPassesBothWays) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    const Frame frame = FrameOfSize(kMaxFrameBytes, form);
    EXPECT_EQ(EncodedSizeBound(frame), kMaxFrameBytes);
    const std::string bytes = Encoded(frame);
    ASSERT_EQ(bytes.size(), kMaxFrameBytes);
    EXPECT_EQ(PeekFrame(bytes)->bytes, kMaxFrameBytes);
    EXPECT_TRUE(Decoded(bytes) == frame);
  }
}

TEST(CodecLimits, OneByteMoreIsRefusedWhenWritten) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    Frame frame = FrameOfSize(kMaxFrameBytes, form);
    frame.body.push_back('x');
    EXPECT_GT(EncodedSizeBound(frame), kMaxFrameBytes);
    std::string out = "kept";
    const absl::Status refused = AppendFrame(frame, out);
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(absl::StrContains(refused.message(), "16777217 bytes")) << refused;
    EXPECT_EQ(out, "kept");
  }
}

TEST(CodecLimits, OneByteMoreIsRefusedWhenReadFromItsLengthAlone) {
  const absl::Status refused = PeekFrame(BigEndian32(kMaxFrameBytes - 4 + 1)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(refused.message(), "16777217 bytes")) << refused;
  EXPECT_TRUE(PeekFrame(BigEndian32(kMaxFrameBytes - 4)).ok());
}

TEST(CodecLimits, TheLargestLengthDoesNotWrapAround) {
  EXPECT_EQ(PeekFrame("\xFF\xFF\xFF\xFF").status().code(), absl::StatusCode::kResourceExhausted);
}

// A frame at the limit is not sized by a bound but by counting its header, which then is written without a look back:
// the two have to agree about every string, number and comma.
TEST(CodecLimits, AFrameOfExactlyTheLimitHasItsHeaderCountedRight) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    Frame frame = RichFrame(form);
    frame.body.append(kMaxFrameBytes - Encoded(frame).size(), 'x');
    EXPECT_EQ(EncodedSizeBound(frame), kMaxFrameBytes);
    std::string head;
    ASSERT_TRUE(AppendFrameHead(frame, head).ok());
    const std::string bytes = Encoded(frame);
    ASSERT_EQ(bytes.size(), kMaxFrameBytes);
    EXPECT_TRUE(bytes == head + frame.body);
    EXPECT_TRUE(Decoded(bytes) == frame);

    frame.body.push_back('x');
    std::string out = "kept";
    EXPECT_EQ(AppendFrame(frame, out).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(AppendFrameHead(frame, out).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(out, "kept");
  }
}

TEST(JsonHeader, IsCountedAsItIsWritten) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  for (const std::int32_t number :
       {std::numeric_limits<std::int32_t>::min(), -1, 0, 9, 10, 200'151, std::numeric_limits<std::int32_t>::max()}) {
    for (std::size_t fields = 0; fields < 4; ++fields) {
      for (const std::string& text : {std::string(), std::string("plain"), every_byte}) {
        Header header = RichFrame(SerializeType::kJson).header;
        header.code = header.flag = header.opaque = header.version = number;
        header.remark = text;
        header.ext_fields = {};
        for (std::size_t i = 0; i < fields; ++i) header.ext_fields.Set(absl::StrCat(text, i), text);
        std::string written(JsonHeaderBound(header), '?');
        const char* const end = WriteJsonHeader(written.data(), header);
        EXPECT_EQ(static_cast<std::size_t>(end - written.data()), JsonHeaderBytes(header));
        EXPECT_LE(JsonHeaderBytes(header), JsonHeaderBound(header));
      }
    }
  }
}

TEST(CodecLimits, AHeaderStringOfTheLimitPassesAndOneByteMoreDoesNot) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    Frame frame{.header = {}, .body = "", .serialize = form};
    frame.header.remark.assign(kMaxStringBytes, 'r');
    frame.header.ext_fields.Set("k", std::string(kMaxStringBytes, 'v'));
    EXPECT_TRUE(Decoded(Encoded(frame)) == frame);

    frame.header.remark.push_back('r');
    std::string out;
    EXPECT_EQ(AppendFrame(frame, out).code(), absl::StatusCode::kResourceExhausted);
    frame.header.remark.clear();
    frame.header.ext_fields.Slot("k").push_back('v');
    EXPECT_EQ(AppendFrame(frame, out).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(out, "");
  }
}

TEST(CodecLimits, ALongHeaderStringIsRefusedWhenRead) {
  const std::string remark(kMaxStringBytes + 1, 'r');
  const std::string json = absl::StrCat(R"({"code":0,"flag":1,"opaque":1,"remark":")", remark, "\"}");
  EXPECT_TRUE(absl::StrContains(DecodeFrame(JsonFrame(json)).status().message(), "too long"));
  const std::string binary = absl::StrCat(std::string(13, '\0'), BigEndian32(remark.size()), remark, BigEndian32(0));
  EXPECT_TRUE(absl::StrContains(DecodeFrame(FrameAround(SerializeType::kRocketMq, binary)).status().message(),
                                "a string of 1048577 bytes"));
}

TEST(CodecLimits, ALongValueThatIsNoStringIsRefusedWhenRead) {
  const std::string list = absl::StrCat("[", std::string(kMaxStringBytes - 2, '1'), "]");
  const std::string number(kMaxStringBytes, '1');
  const auto header = [](std::string_view member, std::string_view value) {
    return absl::StrCat(R"({"code":0,"flag":1,"opaque":1,)", member, value, "}");
  };
  const std::string in_fields = R"("extFields":{"a":)";
  const std::string in_remark = R"("remark":)";
  for (const std::string& fits : {header(in_fields, list + "}"), header(in_remark, number)}) {
    const Frame frame = Decoded(JsonFrame(fits));
    EXPECT_TRUE(Decoded(Encoded(frame)) == frame);
  }
  for (const std::string& longer :
       {header(in_fields, list.substr(0, list.size() - 1) + "1]}"), header(in_remark, number + "1")}) {
    const absl::Status refused = DecodeFrame(JsonFrame(longer)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(refused.message(), "too long")) << refused;
  }
}

TEST(CodecLimits, FieldsOfARepeatedExtFieldsObjectCountTogether) {
  // Each field is looked for among those before it: without this limit one header takes minutes.
  const auto fields = [](std::size_t from, std::size_t to) {
    std::string text = R"("extFields":{)";
    for (std::size_t i = from; i < to; ++i) absl::StrAppend(&text, i == from ? "" : ",", "\"", i, R"(":"v")");
    return text + "}";
  };
  const auto header = [](std::string_view members) {
    return JsonFrame(absl::StrCat(R"({"code":0,"flag":1,"opaque":1,)", members, "}"));
  };
  const std::size_t half = kMaxExtFields / 2;
  const Frame full = Decoded(header(absl::StrCat(fields(0, half), ",", fields(half, kMaxExtFields))));
  EXPECT_EQ(full.header.ext_fields.size(), kMaxExtFields);
  EXPECT_TRUE(Decoded(Encoded(full)) == full);
  const absl::Status refused =
      DecodeFrame(header(absl::StrCat(fields(0, kMaxExtFields), ",", fields(kMaxExtFields, kMaxExtFields + 1))))
          .status();
  EXPECT_TRUE(absl::StrContains(refused.message(), "too many members")) << refused;
}

TEST(CodecLimits, AsManyFieldsAsTheLimitPassAndOneMoreDoesNot) {
  for (const SerializeType form : {SerializeType::kJson, SerializeType::kRocketMq}) {
    Frame frame{.header = {}, .body = "", .serialize = form};
    for (std::size_t i = 0; i < kMaxExtFields; ++i) frame.header.ext_fields.Set(absl::StrCat(i), "v");
    EXPECT_TRUE(Decoded(Encoded(frame)) == frame);
    frame.header.ext_fields.Set("one more", "v");
    std::string out;
    EXPECT_EQ(AppendFrame(frame, out).code(), absl::StatusCode::kResourceExhausted);
  }
}

TEST(CodecLimits, ARepeatedFieldCountsEachTime) {
  std::string json = R"({"code":0,"flag":1,"opaque":1,"extFields":{)";
  for (std::size_t i = 0; i < kMaxExtFields; ++i) absl::StrAppend(&json, R"("k":"v",)");
  EXPECT_TRUE(DecodeFrame(JsonFrame(absl::StrCat(json.substr(0, json.size() - 1), "}}"))).ok());
  const absl::Status refused = DecodeFrame(JsonFrame(absl::StrCat(json, R"("k":"v"}})"))).status();
  EXPECT_TRUE(absl::StrContains(refused.message(), "too many members")) << refused;
}

// --- The length and header words ---------------------------------------------------------------------------------

TEST(PeekFrame, WaitsForTheFirstEightBytes) {
  const std::string bytes = Encoded(DocumentedRequest());
  for (std::size_t size = 0; size < 8; ++size) EXPECT_EQ(PeekFrame(bytes.substr(0, size))->bytes, 0u) << size;
  EXPECT_EQ(PeekFrame(bytes.substr(0, 8))->bytes, bytes.size());
}

struct BadPrefix {
  std::string_view hex;
  std::string_view says;
};

TEST(PeekFrame, RefusesWordsThatNoFrameHas) {
  const BadPrefix cases[] = {
      {"00000003", "length 3 leaves no room for a header"},
      {"00000000", "length 0 leaves no room for a header"},
      {"0000001002000010", "header form 2 is neither JSON (0) nor ROCKETMQ (1)"},
      {"00000010FF000010", "header form 255"},
      {"0000000500000002", "a header of 2 bytes does not fit a frame of 9"},
      {"0000010000000001", "a header of 1 bytes does not fit"},
      {"0000010001000014", "a header of 20 bytes does not fit"},
      {"0000001400000011", "a header of 17 bytes does not fit a frame of 24"},
  };
  for (const BadPrefix& bad : cases) {
    const absl::Status refused = PeekFrame(FromHex(bad.hex)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << bad.hex;
    EXPECT_TRUE(absl::StrContains(refused.message(), bad.says)) << refused;
    EXPECT_TRUE(absl::StrContains(refused.message(), "it begins with \"\\x00")) << refused;
  }
}

// --- JSON headers ------------------------------------------------------------------------------------------------

TEST(JsonHeader, AcceptsAnyOrderUnknownMembersAndBlanks) {
  const Frame frame =
      Decoded(JsonFrame(" { \"opaque\" : 9 , \"new\" : { \"a\" : [ 1 , { } , null ] } ,\n\t\"flag\":1,\r\n\"code\":17 "
                        ", \"version\":407 } "));
  EXPECT_EQ(frame.header.code, 17);
  EXPECT_EQ(frame.header.flag, 1);
  EXPECT_EQ(frame.header.opaque, 9);
  EXPECT_EQ(frame.header.version, 407);
  EXPECT_TRUE(frame.header.ext_fields.empty());
}

TEST(JsonHeader, TakesNullForAbsent) {
  const Frame frame = Decoded(
      JsonFrame(R"({"code":0,"flag":1,"opaque":1,"remark":null,"extFields":null,"language":null,"version":null})"));
  EXPECT_EQ(frame.header.remark, "");
  EXPECT_TRUE(frame.header.ext_fields.empty());
  EXPECT_EQ(frame.header.language, Language::kOther);
}

TEST(JsonHeader, TakesFieldsThatAreNoStringsAsTheirText) {
  const Frame frame = Decoded(JsonFrame(
      R"({"code":0,"flag":1,"opaque":1,"extFields":{"a":7,"b":true,"c":null,"d":[1, 2],"e":{"x":"\""},"f":1.5e3}})"));
  ExtFields expected;
  expected.Set("a", "7");
  expected.Set("b", "true");
  expected.Set("d", "[1, 2]");
  expected.Set("e", R"({"x":"\""})");
  expected.Set("f", "1.5e3");
  EXPECT_TRUE(frame.header.ext_fields == expected);
}

TEST(JsonHeader, TakesTheLaterOfARepeatedField) {
  const Frame frame = Decoded(JsonFrame(R"({"code":0,"flag":1,"opaque":1,"extFields":{"a":"1","b":"2","a":"3"}})"));
  EXPECT_EQ(*frame.header.ext_fields.Find("a"), "3");
  EXPECT_EQ(frame.header.ext_fields.size(), 2u);
}

TEST(JsonHeader, TakesNumbersInQuotes) {
  const Frame frame = Decoded(JsonFrame(R"({"code":"105","flag":"1","opaque":"-4","version":"473"})"));
  EXPECT_EQ(frame.header.code, 105);
  EXPECT_EQ(frame.header.opaque, -4);
}

TEST(JsonHeader, DoesNotMindALanguageItDoesNotKnow) {
  for (const std::string_view language : {R"("KLINGON")", "12", "[]", "true"}) {
    const Frame frame = Decoded(JsonFrame(absl::StrCat(R"({"code":0,"flag":1,"opaque":1,"language":)", language, "}")));
    EXPECT_EQ(frame.header.language, Language::kOther) << language;
  }
}

TEST(JsonHeader, IsRefusedWithoutCodeFlagOrOpaque) {
  const BadPrefix cases[] = {
      {R"({"flag":1,"opaque":1})", R"(no "code" in)"},
      {R"({"code":0,"opaque":1})", R"(no "flag" in)"},
      {R"({"code":0,"flag":1})", R"(no "opaque" in)"},
      {R"({})", R"(no "code" in)"},
  };
  for (const auto& [header, says] : cases) {
    const absl::Status refused = DecodeFrame(JsonFrame(header)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(refused.message(), says)) << refused;
  }
}

TEST(JsonHeader, IsRefusedWithANullWhereANumberHasToBe) {
  const absl::Status refused = DecodeFrame(JsonFrame(R"({"code":null,"flag":1,"opaque":1})")).status();
  EXPECT_TRUE(absl::StrContains(refused.message(), R"(no "code" in)")) << refused;
}

TEST(JsonHeader, IsRefusedWhenItIsNoObjectOrNoJson) {
  for (const std::string_view header :
       {"[]", "12", "  ", "{\"code\":0,", "{}{}", "{\"code\":1.5,\"flag\":1,\"opaque\":1}",
        "{\"code\":2147483648,\"flag\":1,\"opaque\":1}", "{\"code\":0,\"flag\":1,\"opaque\":1,\"extFields\":[]}"}) {
    const absl::Status refused = DecodeFrame(JsonFrame(header)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << header;
    EXPECT_TRUE(absl::StrContains(refused.message(), "malformed JSON at byte")) << refused;
  }
}

// --- Binary headers ----------------------------------------------------------------------------------------------

TEST(BinaryHeader, ReadsNegativeCodes) {
  EXPECT_EQ(Decoded(BinaryFrame("FC12000201000000090000000100000000"
                                "00000000"))
                .header.code,
            -1006);
}

TEST(BinaryHeader, TakesALanguageByteItDoesNotKnowForOther) {
  EXPECT_EQ(Decoded(BinaryFrame("0000630201000000090000000100000000"
                                "00000000"))
                .header.language,
            Language::kOther);
}

TEST(BinaryHeader, TakesTheLaterOfARepeatedField) {
  const Frame frame =
      Decoded(BinaryFrame("0000000201000000090000000100000000"
                          "00000010"
                          "000161"
                          "0000000131"
                          "000161"
                          "0000000132"));
  EXPECT_EQ(frame.header.ext_fields.size(), 1u);
  EXPECT_EQ(*frame.header.ext_fields.Find("a"), "2");
}

TEST(BinaryHeader, IsRefusedWhenItsLengthsDoNotAddUp) {
  constexpr std::string_view kFixed = "00000002010000000900000001";
  const BadPrefix cases[] = {
      {"0000000500000000", "5 bytes are announced where 4 are left"},                // Remark into the next length.
      {"FFFFFFFF00000000", "a string of -1 bytes"},                                  // Negative remark.
      {"00000000FFFFFFFF", "fields of -1 bytes"},                                    // Negative fields.
      {"0000000000000001", "1 bytes are announced where 0 are left"},                // Fields beyond the header.
      {"000000000000000100", "2 bytes are announced where 1 are left"},              // Half a key length.
      {"00000000000000020001", "1 bytes are announced where 0 are left"},            // A key without bytes.
      {"0000000000000002FFFF", "a string of -1 bytes"},                              // Negative key.
      {"00000000000000070001617FFFFFFF", "a string of 2147483647 bytes"},            // A huge value.
      {"000000000000000700016100000001", "1 bytes are announced where 0 are left"},  // A value without bytes.
      {"0000000000000000AB", "something follows the last field"},
  };
  for (const BadPrefix& bad : cases) {
    const absl::Status refused = DecodeFrame(BinaryFrame(absl::StrCat(kFixed, bad.hex))).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << bad.hex;
    EXPECT_TRUE(absl::StrContains(refused.message(), bad.says)) << refused;
  }
}

TEST(BinaryHeader, RefusesToWriteWhatDoesNotFit) {
  const auto refusal = [](const Frame& frame) {
    std::string out = "kept";
    const absl::Status refused = AppendFrame(frame, out);
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(out, "kept");
    return std::string(refused.message());
  };
  Frame pop{.header = {}, .body = "", .serialize = SerializeType::kRocketMq};
  pop.header.code = 200'050;
  EXPECT_TRUE(absl::StrContains(refusal(pop), "code 200050 does not fit")) << refusal(pop);
  Frame version{.header = {}, .body = "", .serialize = SerializeType::kRocketMq};
  version.header.version = 32'768;
  EXPECT_TRUE(absl::StrContains(refusal(version), "version 32768"));
  Frame key{.header = {}, .body = "", .serialize = SerializeType::kRocketMq};
  key.header.ext_fields.Set(std::string(32'767, 'k'), "v");
  EXPECT_TRUE(Decoded(Encoded(key)) == key);
  key.header.ext_fields.Set(std::string(32'768, 'k'), "v");
  EXPECT_TRUE(absl::StrContains(refusal(key), "field name")) << refusal(key);
}

}  // namespace
}  // namespace corocket::wire
