// The dashboard's page is the program's own: all of its files are in it, and they load nothing
// else.

#include "devstack/dashboard/assets.hpp"

#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

using devstack::dashboard::find_asset;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t lines_max = 400;
constexpr std::size_t columns_max = 100;

/// Calls `look` with the name and the content of each file of the page.
template <typename Look>
void for_each_file(Look look) {
    for (const auto& entry :
         fs::directory_iterator{fs::path{DEVSTACK_SOURCE_DIR} / "src/dashboard"}) {
        const std::string extension = entry.path().extension();
        if (extension == ".cpp" || extension == ".txt") continue;
        std::ifstream file{entry.path(), std::ios::binary};
        look(entry.path().filename().string(),
             std::string{std::istreambuf_iterator<char>{file}, {}});
    }
}

}  // namespace

TEST_CASE("every file of the dashboard is in the program as it is", "[tidy]") {
    int count = 0;
    for_each_file([&](const std::string& name, const std::string& content) {
        INFO(name);
        const auto asset = find_asset(name);
        REQUIRE(asset);
        CHECK(asset->content == content);
        CHECK(asset->type != "application/octet-stream");
        ++count;
    });
    CHECK(count > 20);
    CHECK_FALSE(find_asset(""));
    CHECK_FALSE(find_asset("assets.cpp"));
}

TEST_CASE("the dashboard's files name only each other, and never become HTML or code", "[tidy]") {
    const std::regex reference{R"re((?:from "\./|(?:src|href)="/dashboard/)([\w.]+)")re"};
    const std::regex danger{R"(innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|)"
                            R"(new Function|https?://(?!www\.w3\.org/))"};
    for_each_file([&](const std::string& name, const std::string& content) {
        INFO(name);
        for (std::sregex_iterator it{content.begin(), content.end(), reference};
             it != std::sregex_iterator{};
             ++it) {
            INFO((*it)[1].str());
            CHECK(find_asset((*it)[1].str()));
        }
        std::smatch found;
        const bool is_dangerous = std::regex_search(content, found, danger);
        INFO((is_dangerous ? found[0].str() : ""));
        CHECK_FALSE(is_dangerous);
    });
}

TEST_CASE("the dashboard's files stay small enough to see", "[tidy]") {
    for_each_file([&](const std::string& name, const std::string& content) {
        INFO(name);
        std::size_t lines = 0;
        std::size_t begin = 0;
        for (std::size_t end; (end = content.find('\n', begin)) != std::string::npos;
             begin = end + 1) {
            ++lines;
            if (end - begin > columns_max) FAIL_CHECK("line " << lines << " is too long");
        }
        CHECK(lines <= lines_max);
    });
}
