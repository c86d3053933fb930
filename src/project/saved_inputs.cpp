#include "devstack/project/saved_inputs.hpp"

#include "text_file.hpp"

#include <charconv>
#include <filesystem>
#include <limits>
#include <string_view>
#include <utility>

// One file after the other: a line with three sizes, then the bytes of path, text and problem.

namespace devstack::project {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view first_line = "devstack inputs 1\n";

constexpr std::string_view name_start = "inputs-";

std::string path_in(const std::string& state_dir, std::uint32_t number) {
    return state_dir + "/" + std::string{name_start} + std::to_string(number);
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_{text} {}

    bool is_at_end() const { return text_.empty(); }

    /// A number and the character that ends it.
    std::optional<std::size_t> take_size(char end) {
        std::size_t size = 0;
        const auto [next, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
        const auto digits = static_cast<std::size_t>(next - text_.data());
        if (error != std::errc{} || digits == text_.size() || *next != end) return std::nullopt;
        text_.remove_prefix(digits + 1);
        return size;
    }

    std::optional<std::string> take(std::size_t size) {
        if (size > text_.size()) return std::nullopt;
        std::string taken{text_.substr(0, size)};
        text_.remove_prefix(size);
        return taken;
    }

private:
    std::string_view text_;
};

std::optional<InputFile> take_file(Reader& reader) {
    const auto path_size = reader.take_size(' ');
    const auto text_size = reader.take_size(' ');
    const auto problem_size = reader.take_size('\n');
    if (!path_size || !text_size || !problem_size) return std::nullopt;
    auto path = reader.take(*path_size);
    auto text = reader.take(*text_size);
    auto problem = reader.take(*problem_size);
    if (!path || !text || !problem) return std::nullopt;
    return InputFile{std::move(*path), std::move(*text), std::move(*problem)};
}

}  // namespace

Status save_inputs(const std::string& state_dir,
                   std::uint32_t number,
                   const std::vector<InputFile>& inputs) {
    std::string text{first_line};
    for (const InputFile& file : inputs) {
        text += std::to_string(file.path.size()) + " " + std::to_string(file.text.size()) + " " +
                std::to_string(file.problem.size()) + "\n";
        text += file.path + file.text + file.problem;
    }
    return replace_text_file(path_in(state_dir, number), text);
}

std::optional<std::vector<InputFile>> load_saved_inputs(const std::string& state_dir,
                                                        std::uint32_t number) {
    const auto text =
        load_text_file(path_in(state_dir, number), std::numeric_limits<std::size_t>::max() - 1);
    if (!text || !text->starts_with(first_line)) return std::nullopt;
    Reader reader{std::string_view{*text}.substr(first_line.size())};
    std::vector<InputFile> files;
    while (!reader.is_at_end()) {
        auto file = take_file(reader);
        if (!file) return std::nullopt;
        files.push_back(std::move(*file));
    }
    return files;
}

void remove_saved_inputs(const std::string& state_dir, const std::set<std::uint32_t>& kept) {
    std::set<std::string> names;
    for (const std::uint32_t number : kept)
        names.insert(std::string{name_start} + std::to_string(number));
    std::error_code error;
    for (fs::directory_iterator it{state_dir, error}, end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (!name.starts_with(name_start) || names.contains(name)) continue;
        std::error_code ignored;
        fs::remove(it->path(), ignored);
    }
}

}  // namespace devstack::project
