// The reader and the writer, held against an independent JSON library on generated documents.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::wire {
namespace {

using Tree = nlohmann::json;

constexpr std::uint64_t kSeed = 20'250'919;
constexpr int kDocuments = 5'000;
constexpr int kMutants = 20'000;
constexpr int kDepth = 6;

// Whole document as our reader sees it.
Tree ReadTree(JsonReader& json) {
  switch (json.Peek()) {
    case JsonReader::Kind::kNull:
      json.ReadNull();
      return nullptr;
    case JsonReader::Kind::kBool: {
      bool value = false;
      json.Read(value);
      return value;
    }
    case JsonReader::Kind::kString: {
      std::string value;
      json.Read(value);
      return value;
    }
    case JsonReader::Kind::kNumber: {
      std::string_view token;
      json.ReadRaw(token);
      std::int64_t integer = 0;
      if (ParseInteger(token, integer)) return integer;
      return Tree::parse(token, nullptr, /*allow_exceptions=*/false);
    }
    case JsonReader::Kind::kObject: {
      Tree object = Tree::object();
      json.BeginObject();
      for (std::string_view key; json.NextKey(key);) {
        const std::string name(key);
        object[name] = ReadTree(json);
      }
      return object;
    }
    case JsonReader::Kind::kArray: {
      Tree array = Tree::array();
      json.BeginArray();
      while (json.NextElement()) array.push_back(ReadTree(json));
      return array;
    }
    case JsonReader::Kind::kNone:
      break;
  }
  json.Skip();  // Reports that no value is here.
  return nullptr;
}

// Random documents, spelt in as many ways as the standard allows.
class Generator {
 public:
  enum class Charset { kUnicode, kAscii };
  Generator(std::uint64_t seed, Charset charset) : random_(seed), charset_(charset) {}

  std::size_t Below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  std::string Document() { return absl::StrCat(Blanks(), Value(kDepth), Blanks()); }

 private:
  template <std::size_t N>
  std::string_view OneOf(const std::string_view (&choices)[N]) {
    return choices[Below(N)];
  }

  std::string Blanks() {
    static constexpr std::string_view kBlanks[] = {"", "", "", " ", "\n", "\t", "\r\n", "   "};
    return std::string(OneOf(kBlanks));
  }

  std::string Value(int depth) {
    switch (Below(depth == 0 ? 4 : 7)) {
      case 0: {
        static constexpr std::string_view kLiterals[] = {"null", "true", "false"};
        return std::string(OneOf(kLiterals));
      }
      case 1:
        return Number();
      case 2:
      case 3:
        return String();
      case 4:
        return Array(depth - 1);
      default:
        return Object(depth - 1);
    }
  }

  std::string Number() {
    static constexpr std::string_view kSpecial[] = {
        "0", "-0", "-0.0", "2147483648", "-9223372036854775808", "1e5", "1E-5", "0.1e+3", "123456789012345678"};
    if (Below(3) == 0) return std::string(OneOf(kSpecial));
    std::string number = absl::StrCat(Below(2) == 0 ? "-" : "", 1 + Below(1'000'000));
    if (Below(2) == 0) absl::StrAppend(&number, ".", Below(100'000));
    return number;
  }

  std::string String() {
    static constexpr std::string_view kAscii[] = {
        "a",   "broker-a", "10.0.0.1:10911", "%RETRY%", "\\\"",    "\\\\", "\\/", "\\b", "\\f", "\\n",
        "\\r", "\\t",      "\\u0041",        "\\u0001", "\\u001F", "\x7F", "{}",  "[,:]"};
    static constexpr std::string_view kUnicode[] = {"\xC3\xA9", "\xE2\x82\xAC",   "\xF0\x9F\x9A\x80", "\\u00e9",
                                                    "\\u20AC",  "\\uD83D\\uDE80", "\\u0000",          "\\uFFFF"};
    std::string text = "\"";
    for (std::size_t pieces = Below(12); pieces > 0; --pieces) {
      const bool unicode = charset_ == Charset::kUnicode && Below(3) == 0;
      absl::StrAppend(&text, unicode ? OneOf(kUnicode) : OneOf(kAscii));
    }
    return text + "\"";
  }

  std::string Array(int depth) {
    std::string text = "[" + Blanks();
    for (std::size_t i = 0, count = Below(5); i < count; ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ",", Blanks(), Value(depth), Blanks());
    }
    return text + "]";
  }

  std::string Object(int depth) {
    std::string text = "{" + Blanks();
    for (std::size_t i = 0, count = Below(5); i < count; ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ",", Blanks(), String(), Blanks());
      absl::StrAppend(&text, ":", Blanks(), Value(depth), Blanks());
    }
    return text + "}";
  }

  std::mt19937_64 random_;
  Charset charset_;
};

// Writes a tree with our writer.
void Write(JsonWriter& json, const Tree& tree) {
  if (tree.is_object()) {
    json.BeginObject();
    for (const auto& [key, value] : tree.items()) {
      json.Key(key);
      Write(json, value);
    }
    json.EndObject();
  } else if (tree.is_array()) {
    json.BeginArray();
    for (const Tree& element : tree) Write(json, element);
    json.EndArray();
  } else if (tree.is_string()) {
    json.Value(tree.get_ref<const std::string&>());
  } else if (tree.is_boolean()) {
    json.Value(tree.get<bool>());
  } else {
    json.Value(tree.get<std::int64_t>());
  }
}

// What our writer cannot write, because no message has it: null and fractions.
Tree Writable(const Tree& tree) {
  if (tree.is_structured()) {
    Tree copy = tree.is_object() ? Tree::object() : Tree::array();
    for (const auto& [key, value] : tree.items()) {
      if (tree.is_object()) {
        copy[key] = Writable(value);
      } else {
        copy.push_back(Writable(value));
      }
    }
    return copy;
  }
  if (tree.is_null()) return "null";
  if (tree.is_number_float()) return static_cast<std::int64_t>(tree.get<double>());
  return tree;
}

TEST(JsonAgainstALibrary, ReadsEveryStandardDocumentAlike) {
  Generator generator(kSeed, Generator::Charset::kUnicode);
  for (int i = 0; i < kDocuments; ++i) {
    const std::string text = generator.Document();
    JsonReader json(text);
    const Tree ours = ReadTree(json);
    json.Finish();
    ASSERT_TRUE(json.ok()) << "seed " << kSeed << " document " << i << ": " << json.status() << "\n" << text;
    ASSERT_EQ(ours, Tree::parse(text)) << "seed " << kSeed << " document " << i << "\n" << text;
  }
}

TEST(JsonAgainstALibrary, SkipsEveryStandardDocument) {
  Generator generator(kSeed + 1, Generator::Charset::kUnicode);
  for (int i = 0; i < kDocuments; ++i) {
    const std::string text = generator.Document();
    JsonReader json(text);
    ASSERT_TRUE(json.Skip() && json.Finish()) << json.status() << "\n" << text;
  }
}

// Nothing: the library stopped at a number that no double holds, which our reader does not evaluate.
std::optional<bool> LibraryAccepts(const std::string& text) {
  try {
    return !Tree::parse(text).is_discarded();
  } catch (const Tree::out_of_range&) {
    return std::nullopt;
  } catch (const Tree::parse_error&) {
    return false;
  }
}

TEST(JsonAgainstALibrary, AcceptsAndRefusesTheSameBrokenDocuments) {
  // One byte is changed, added or taken away. ASCII only: on bad UTF-8 and surrogates the two are meant to differ.
  constexpr std::string_view kBytes = "{}[],:\"\\'/0123456789.eE+-truefalsn \t\nxu\x01\x7F";
  Generator generator(kSeed + 2, Generator::Charset::kAscii);
  int refused = 0;
  for (int i = 0; i < kMutants; ++i) {
    std::string text = generator.Document();
    const std::size_t at = generator.Below(text.size());
    const char byte = kBytes[generator.Below(kBytes.size())];
    switch (generator.Below(3)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text.erase(at, 1);
        break;
    }
    const std::optional<bool> expected = LibraryAccepts(text);
    if (!expected) continue;
    JsonReader json(text);
    ASSERT_EQ(json.Skip() && json.Finish(), *expected) << "seed " << kSeed << " mutant " << i << "\n" << text;
    refused += *expected ? 0 : 1;
  }
  EXPECT_GT(refused, kMutants / 10);
  EXPECT_LT(refused, kMutants * 9 / 10);
}

TEST(JsonAgainstALibrary, WritesWhatTheLibraryReadsBack) {
  Generator generator(kSeed + 3, Generator::Charset::kUnicode);
  for (int i = 0; i < kDocuments; ++i) {
    const Tree tree = Writable(Tree::parse(generator.Document()));
    std::string text;
    JsonWriter json(text);
    Write(json, tree);
    ASSERT_EQ(Tree::parse(text), tree) << "seed " << kSeed << " document " << i << "\n" << text;
  }
}

}  // namespace
}  // namespace corocket::wire
