#include "cli/option_set.hpp"

#include "devstack/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include <CLI/CLI.hpp>

// The only file that sees CLI11, which is slow to compile and reports by exceptions.

namespace devstack::cli {

class OptionSet::Implementation {
public:
    Implementation() {
        app.set_help_flag();
        app.allow_extras();
    }

    /// A value that is more than text is converted after the library is done.
    template <typename Convert>
    void add(const std::string& names,
             const std::string& value,
             const std::string& description,
             Convert convert) {
        auto typed = std::make_shared<std::string>();
        CLI::Option* const option = app.add_option(names, *typed, description);
        option->type_name(value);
        const std::string shown = names.substr(names.rfind(',') + 1);
        conversions.push_back([=]() -> Status {
            if (option->count() == 0) return ok();
            Status status = convert(*typed);
            return status ? ok() : with_context(shown, std::move(status).error());
        });
    }

    std::vector<std::string> option_names() const {
        std::vector<std::string> names;
        for (const CLI::Option* const option : app.get_options()) {
            for (const std::string& name : option->get_lnames())
                names.push_back("--" + name);
            for (const std::string& name : option->get_snames())
                names.push_back("-" + name);
        }
        return names;
    }

    CLI::App app;
    std::vector<std::function<Status()>> conversions;
};

namespace {

template <typename Number>
Status read_number(const std::string& text, Number& target) {
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, target);
    if (result.ec == std::errc{} && result.ptr == end) return ok();
    return Error{Error::Kind::invalid, "expected a whole number, found \"" + text + "\""};
}

OptionView make_view(const CLI::Option& option) {
    OptionView view;
    view.description = option.get_description();
    view.is_word = option.get_positional();
    view.is_list = view.is_word && option.get_expected_max() > 1;
    if (view.is_word) {
        view.names.push_back(option.get_name(true));
        return view;
    }
    for (const std::string& name : option.get_snames())
        view.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames())
        view.names.push_back("--" + name);
    if (option.get_expected_max() > 0) view.value = option.get_type_name();
    return view;
}

}  // namespace

OptionSet::OptionSet() : implementation_{std::make_unique<Implementation>()} {}
OptionSet::~OptionSet() = default;

void OptionSet::flag(const std::string& names, bool& target, const std::string& description) {
    implementation_->app.add_flag(names, target, description);
}

void OptionSet::text(const std::string& names,
                     const std::string& value,
                     std::string& target,
                     const std::string& description) {
    implementation_->app.add_option(names, target, description)->type_name(value);
}

void OptionSet::texts(const std::string& names,
                      const std::string& value,
                      std::vector<std::string>& target,
                      const std::string& description) {
    implementation_->app.add_option(names, target, description)
        ->type_name(value)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void OptionSet::duration(const std::string& names,
                         Duration& target,
                         const std::string& description) {
    implementation_->add(names, "TIME", description, [&target](const std::string& text) -> Status {
        Result<Duration> duration = parse_duration(text);
        if (!duration) return std::move(duration).error();
        target = *duration;
        return ok();
    });
}

void OptionSet::optional_duration(const std::string& names,
                                  std::optional<Duration>& target,
                                  const std::string& description) {
    implementation_->add(names, "TIME", description, [&target](const std::string& text) -> Status {
        Result<Duration> duration = parse_duration(text);
        if (!duration) return std::move(duration).error();
        target = *duration;
        return ok();
    });
}

void OptionSet::count(const std::string& names,
                      std::size_t& target,
                      const std::string& description) {
    implementation_->add(names, "N", description, [&target](const std::string& text) {
        return read_number(text, target);
    });
}

void OptionSet::word(const std::string& name, std::string& target, const std::string& description) {
    implementation_->app.add_option(name, target, description)->required();
}

void OptionSet::optional_word(const std::string& name,
                              std::optional<std::string>& target,
                              const std::string& description) {
    implementation_->add(name, "", description, [&target](const std::string& text) {
        target = text;
        return ok();
    });
}

void OptionSet::words(const std::string& name,
                      std::vector<std::string>& target,
                      const std::string& description,
                      bool needs_one) {
    implementation_->app.add_option(name, target, description)->required(needs_one);
}

void OptionSet::optional_port(const std::string& name,
                              std::optional<Port>& target,
                              const std::string& description) {
    implementation_->add(name, "", description, [&target](const std::string& text) -> Status {
        std::uint16_t number = 0;
        if (!read_number(text, number) || number == 0) {
            return Error{Error::Kind::invalid,
                         "expected a port from 1 to 65535, found \"" + text + "\""};
        }
        target = Port{number};
        return ok();
    });
}

Status OptionSet::parse(const std::vector<std::string>& arguments) {
    try {
        // The library takes them from the end.
        implementation_->app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
    } catch (const CLI::ParseError& error) {
        return Error{Error::Kind::invalid, error.what()};
    }
    for (const std::string& extra : implementation_->app.remaining()) {
        if (!extra.starts_with('-')) {
            return Error{Error::Kind::invalid, "one word too many: " + extra};
        }
        const std::string name = extra.substr(0, extra.find('='));
        return Error{
            Error::Kind::invalid,
            "unknown option " + name + did_you_mean(name, implementation_->option_names())};
    }
    for (const auto& convert : implementation_->conversions) {
        if (Status status = convert(); !status) return status;
    }
    return ok();
}

std::vector<OptionView> OptionSet::options() const {
    std::vector<OptionView> views;
    for (const bool is_word : {true, false}) {
        for (const CLI::Option* const option : implementation_->app.get_options()) {
            if (option->get_positional() == is_word) views.push_back(make_view(*option));
        }
    }
    return views;
}

std::vector<HelpLine> OptionSet::help() const {
    std::vector<HelpLine> lines;
    for (const OptionView& view : options()) {
        std::string term = join(view.names, ", ");
        if (view.is_list) term += "...";
        if (!view.value.empty()) term += " " + view.value;
        lines.push_back({term, view.description});
    }
    return lines;
}

}  // namespace devstack::cli
