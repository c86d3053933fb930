#include "cli/typed_words.hpp"

#include "cli/command_table.hpp"

#include <algorithm>
#include <utility>

namespace devstack::cli {

namespace {

const OptionView* find_option(const std::vector<OptionView>& options, const std::string& name) {
    for (const OptionView& option : options) {
        const bool has_name = std::ranges::find(option.names, name) != option.names.end();
        if (!option.is_word && has_name) return &option;
    }
    return nullptr;
}

/// Takes one word after the other.
class WordReader {
public:
    void take(const std::string& word) {
        if (!awaited_.empty()) {
            if (word != "=") take_value(word);  // Bash's middle of `--name=value`.
        } else if (!is_rest_ && word == "--") {
            is_rest_ = true;
        } else if (!is_rest_ && word.size() > 1 && word.starts_with('-')) {
            take_option(word);
        } else if (typed_.command.empty()) {
            typed_.command = word;
            options_ = options_of(word);
        } else {
            typed_.words.push_back(word);
        }
    }

    TypedWords finish(std::string current) {
        typed_.awaited_value = awaited_.empty() ? "" : find_option(options_, awaited_)->value;
        const std::size_t equals = current.find('=');
        if (!typed_.awaited_value.empty()) {
            if (current == "=") current.clear();
        } else if (!is_rest_ && current.starts_with("--") && equals != std::string::npos) {
            const OptionView* const option = find_option(options_, current.substr(0, equals));
            typed_.awaited_value = option == nullptr ? "nothing" : option->value;
            typed_.prefix = current.substr(0, equals + 1);
            current.erase(0, equals + 1);
        }
        typed_.may_be_option = !is_rest_;
        typed_.current = std::move(current);
        return std::move(typed_);
    }

private:
    void take_option(const std::string& word) {
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        typed_.options.push_back(name);
        const OptionView* const option = find_option(options_, name);
        if (option == nullptr || option->value.empty()) return;
        awaited_ = name;
        if (equals != std::string::npos) take_value(word.substr(equals + 1));
    }

    void take_value(const std::string& value) {
        const std::string name = std::exchange(awaited_, "");
        if (name == "-C" || name == "--directory") typed_.directory = value;
        if (name == "--project") typed_.project = value;
    }

    TypedWords typed_;
    std::vector<OptionView> options_ = options_of("");
    std::string awaited_;
    bool is_rest_ = false;  ///< After `--` there are no options.
};

}  // namespace

TypedWords take_apart(std::vector<std::string> typed) {
    std::string current;
    if (!typed.empty()) {
        current = std::move(typed.back());
        typed.pop_back();
    }
    WordReader reader;
    for (const std::string& word : typed)
        reader.take(word);
    return reader.finish(std::move(current));
}

std::vector<OptionView> options_of(const std::string& command) {
    OptionSet set;
    CommonArguments arguments;
    bool wants_help = false;
    const Command* const found = find_command(command);
    const Runner unused = found == nullptr ? Runner{} : found->add(set);
    add_common(set, arguments, wants_help);
    return set.options();
}

}  // namespace devstack::cli
