#include "sdk/wire/json_writer.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sdk/wire/json_reader.h"

namespace corocket::wire {
namespace {

std::string Written(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  EXPECT_EQ(JsonStringBytes(text), out.size());
  return out;
}

TEST(AppendJsonString, EscapesWhatJsonForbids) {
  EXPECT_EQ(Written(""), "\"\"");
  EXPECT_EQ(Written("plain"), "\"plain\"");
  EXPECT_EQ(Written("\"\\/"), R"("\"\\/")");
  EXPECT_EQ(Written("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Written(std::string_view("\0\x01\x1f", 3)), R"("\u0000\u0001\u001f")");
  EXPECT_EQ(Written("\x7F\xC3\xA9\xFF"), "\"\x7F\xC3\xA9\xFF\"");
}

TEST(AppendJsonString, IsReadBackForEveryByteAtEveryOffset) {
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::size_t before : {0U, 1U, 7U, 8U, 9U}) {
      const std::string text =
          absl::StrCat(std::string(before, 'x'), std::string(1, static_cast<char>(byte)), "yyyyyyyyy");
      const std::string written = Written(text);
      JsonReader json(written);
      std::string read;
      EXPECT_TRUE(json.Read(read) && json.Finish()) << json.status();
      EXPECT_EQ(read, text);
    }
  }
}

TEST(AppendJsonString, TakesNoMoreThanItsBound) {
  const std::string worst(100, '\x01');
  EXPECT_EQ(Written(worst).size(), 2 + kMaxEscapedBytes * worst.size());
}

TEST(JsonWriter, SetsCommasAndColons) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("a").BeginArray();
  json.Value(1);
  json.Value("x");
  json.BeginArray();
  json.EndArray();
  json.BeginObject();
  json.EndObject();
  json.EndArray();
  json.Key("b").Value(true);
  json.Key("c\n").BeginObject();
  json.Key("d").Value(false);
  json.EndObject();
  json.EndObject();
  EXPECT_EQ(out, R"({"a":[1,"x",[],{}],"b":true,"c\n":{"d":false}})");
}

TEST(JsonWriter, WritesNumericKeysInBothForms) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key(0, JsonWriter::NumericKeys::kBare).Value("m");
  json.Key(-1, JsonWriter::NumericKeys::kQuoted).Value("s");
  json.EndObject();
  EXPECT_EQ(out, R"({0:"m","-1":"s"})");
}

TEST(JsonWriter, WritesTheExtremesOfIntegers) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  json.Value(std::numeric_limits<std::int64_t>::min());
  json.Value(std::numeric_limits<std::int64_t>::max());
  json.Value(std::int32_t{0});
  json.EndArray();
  EXPECT_EQ(out, "[-9223372036854775808,9223372036854775807,0]");
}

}  // namespace
}  // namespace corocket::wire
