#include "core/doctor/proxy_conditions.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <vector>

namespace devstack::core::doctor {

namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

Applies negate(Applies it) {
    if (it == Applies::unknown) return it;
    return it == Applies::yes ? Applies::no : Applies::yes;
}
Applies both(Applies a, Applies b) {
    if (a == Applies::no || b == Applies::no) return Applies::no;
    return a == Applies::yes && b == Applies::yes ? Applies::yes : Applies::unknown;
}
Applies either(Applies a, Applies b) {
    return negate(both(negate(a), negate(b)));
}
Applies known(bool is_true) {
    return is_true ? Applies::yes : Applies::no;
}

std::optional<std::uint32_t> read_ipv4(std::string_view text) {
    std::uint32_t value = 0;
    for (int part = 0; part < 4; ++part) {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || number > 255) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        value = (value << 8U) | number;
        if (part == 3) break;
        if (!text.starts_with('.')) return std::nullopt;
        text.remove_prefix(1);
    }
    return text.empty() ? std::optional{value} : std::nullopt;
}

bool matches(const std::string& how, const std::string& value, const std::string& pattern) {
    if (how == "beg") return value.starts_with(pattern);
    if (how == "end") return value.ends_with(pattern);
    if (how == "sub") return value.find(pattern) != value.npos;
    if (how == "dir") return (value + "/").find("/" + pattern + "/") != value.npos;
    if (how == "dom") {
        const auto at = value.find(pattern);
        const bool begins = at != value.npos && (at == 0 || value[at - 1] == '.');
        const std::size_t end = at + pattern.size();
        return begins && (end == value.size() || value[end] == '.' || value[end] == ':');
    }
    return value == pattern;
}

/// "path_beg" is "path" by "beg", "req.hdr(host),lower" the host.
struct Sample {
    std::string value;
    std::string how = "str";
    bool is_known = false;
};

Sample read_sample(std::string name, const ProxyRequest& request) {
    Sample sample;
    std::string converter;
    if (const auto comma = name.find(','); comma != name.npos) {
        converter = name.substr(comma + 1);
        name.resize(comma);
    }
    if (name.starts_with("req.")) name = name.substr(4);
    for (const char* how : {"_beg", "_end", "_sub", "_dir", "_dom"}) {
        const auto at = name.find(how);
        if (at == name.npos) continue;
        sample.how = how + 1;
        name.erase(at, 4);
    }
    sample.is_known = true;
    const std::string header = lower(name);
    if (name == "path" || name == "url") {
        sample.value = request.path;
    } else if (name == "method") {
        sample.value = request.method;
    } else if (header == "hdr(host)" || header == "fhdr(host)") {
        sample.value = request.host;
    } else {
        sample.is_known = false;
    }
    if (converter == "lower") sample.value = lower(sample.value);
    const bool takes_host = converter == "host_only" || converter == "field(1,:)";
    if (takes_host) sample.value = sample.value.substr(0, sample.value.rfind(':'));
    if (!converter.empty() && converter != "lower" && !takes_host) sample.is_known = false;
    return sample;
}

/// What is between braces.
Applies evaluate_test(const std::vector<std::string>& words, const ProxyRequest& request) {
    if (words.empty()) return Applies::unknown;
    if (words[0] == "src") {
        Applies is_in = Applies::no;
        for (std::size_t i = 1; i < words.size(); ++i)
            is_in = either(is_in, is_in_network(request.client, words[i]));
        return is_in;
    }
    Sample sample = read_sample(words[0], request);
    bool ignores_case = false;
    std::vector<std::string> patterns;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-i") {
            ignores_case = true;
        } else if (words[i] == "-m" && i + 1 < words.size()) {
            sample.how = words[++i];
        } else if (words[i].starts_with('-')) {
            if (words[i] != "--") return Applies::unknown;
        } else {
            patterns.push_back(words[i]);
        }
    }
    constexpr std::array<std::string_view, 6> ways{"str", "beg", "end", "sub", "dir", "dom"};
    const bool is_way = std::ranges::find(ways, std::string_view{sample.how}) != ways.end();
    if (!sample.is_known || !is_way || patterns.empty()) return Applies::unknown;
    if (ignores_case) sample.value = lower(sample.value);
    return known(std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return matches(sample.how, sample.value, ignores_case ? lower(pattern) : pattern);
    }));
}

Applies evaluate_name(const std::string& name, const ProxyRequest& request) {
    if (name == "TRUE") return Applies::yes;
    if (name == "FALSE") return Applies::no;
    if (name.starts_with("METH_")) return known(request.method == name.substr(5));
    if (name == "LOCALHOST") return is_in_network(request.client, "127.0.0.0/8");
    return Applies::unknown;
}

class Condition {
public:
    Condition(std::string_view text, const ProxyRequest& request) : request_{request} {
        std::istringstream stream{std::string{text}};
        for (std::string word; stream >> word;)
            words_.push_back(word);
    }

    Applies evaluate() {
        if (words_.empty()) return Applies::yes;
        const bool is_unless = words_[0] == "unless";
        if (!is_unless && words_[0] != "if") return Applies::unknown;
        Applies any = Applies::no;
        Applies all = Applies::yes;
        for (at_ = 1; at_ < words_.size();) {
            if (words_[at_] == "or" || words_[at_] == "||") {
                any = either(any, all);
                all = Applies::yes;
                ++at_;
                continue;
            }
            all = both(all, evaluate_term());
        }
        const Applies whole = either(any, all);
        return is_unless ? negate(whole) : whole;
    }

private:
    Applies evaluate_term() {
        std::string word = words_[at_++];
        bool is_negated = false;
        while (word.starts_with('!')) {
            is_negated = !is_negated;
            word.erase(0, 1);
            if (word.empty() && at_ < words_.size()) word = words_[at_++];
        }
        Applies result = Applies::unknown;
        if (word == "{") {
            std::vector<std::string> test;
            while (at_ < words_.size() && words_[at_] != "}")
                test.push_back(words_[at_++]);
            ++at_;
            result = evaluate_test(test, request_);
        } else {
            result = evaluate_name(word, request_);
        }
        return is_negated ? negate(result) : result;
    }

    const ProxyRequest& request_;
    std::vector<std::string> words_;
    std::size_t at_ = 0;
};

}  // namespace

Applies evaluate(std::string_view condition, const ProxyRequest& request) {
    return Condition{condition, request}.evaluate();
}

Applies is_in_network(std::string_view address, std::string_view network) {
    const auto slash = network.find('/');
    const auto base = read_ipv4(network.substr(0, slash));
    const auto value = read_ipv4(address);
    if (!base || !value) return Applies::unknown;
    unsigned bits = 32;
    if (slash != network.npos) {
        const auto digits = network.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || bits > 32) return Applies::unknown;
    }
    const std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
    return known((*base & mask) == (*value & mask));
}

}  // namespace devstack::core::doctor
