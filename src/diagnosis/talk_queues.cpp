// Queues of jobs in a Redis, by the keys that the libraries use. A queue in which jobs wait is
// looked at twice, since one that somebody takes from is shorter a moment later.

#include "devstack/base/text.hpp"

#include "diagnosis/redis_questions.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace devstack::diagnosis {

namespace {

using core::doctor::QueueFact;

/// One line of CLIENT LIST.
struct Client {
    std::string name;
    std::string database;
    std::string command;
    bool is_blocked = false;
};

std::vector<Client> parse_clients(const std::string& text) {
    std::vector<Client> clients;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        Client client;
        std::istringstream words{line};
        for (std::string word; words >> word;) {
            const auto at = word.find('=');
            if (at == word.npos) continue;
            const std::string key = word.substr(0, at);
            const std::string value = word.substr(at + 1);
            if (key == "name") client.name = value;
            if (key == "db") client.database = value;
            if (key == "cmd") client.command = value;
            if (key == "flags") client.is_blocked = value.find('b') != value.npos;
        }
        clients.push_back(std::move(client));
    }
    return clients;
}

/// RFC 4648, section 4, with its padding.
std::string encode(const std::string& text) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string code;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits =
                bits << 8U | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) {
            const bool is_padding = i + k > text.size();
            code += is_padding ? '=' : letters[bits >> (18U - 6U * k) & 0x3FU];
        }
    }
    return code;
}

/// Empty: it is no base64 of readable text.
std::string decode(const std::string& code) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char letter : code.substr(0, code.find('='))) {
        const auto value = letters.find(letter);
        if (value == letters.npos) return "";
        bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        text += static_cast<char>(bits >> count & 0xFFU);
    }
    const bool is_readable =
        std::ranges::all_of(text, [](char it) { return static_cast<unsigned char>(it) >= 0x20; });
    return is_readable ? text : "";
}

/// A key that holds what waits in a queue.
struct Candidate {
    std::string key;
    std::string prefix;
    QueueFact fact;
};

std::optional<Candidate> parse_key(const std::string& key) {
    static const std::regex bull{"(.+):([^:]+):wait"};
    static const std::regex rq{"rq:queue:(.+)"};
    static const std::regex celery{"_kombu\\.binding\\.(.+)"};
    static const std::regex resque{"(?:(.+):)?queue:(.+)"};
    static const std::regex laravel{"(.*)queues:([^:]+)"};
    std::smatch found;
    Candidate it;
    it.key = key;
    it.fact.has_told = true;
    if (std::regex_match(key, found, bull)) {
        it.fact.kind = "BullMQ";
        it.prefix = found[1].str();
        it.fact.name = found[2].str();
    } else if (std::regex_match(key, found, rq)) {
        it.fact.kind = "RQ";
        it.fact.name = found[1].str();
    } else if (std::regex_match(key, found, celery)) {
        it.fact.kind = "Celery";
        it.fact.has_told = false;
        it.fact.name = found[1].str();
        it.key = it.fact.name;
        // How its workers talk to each other.
        if (it.key.ends_with(".pidbox") || it.key.starts_with("celeryev")) return std::nullopt;
    } else if (std::regex_match(key, found, resque)) {
        it.prefix = found[1].matched ? found[1].str() + ":" : "";
        it.fact.kind = it.prefix.empty() ? "Sidekiq" : "Resque";
        it.fact.name = found[2].str();
    } else if (std::regex_match(key, found, laravel)) {
        it.fact.kind = "Laravel";
        it.fact.has_told = false;
        it.fact.name = found[2].str();
    } else {
        return std::nullopt;
    }
    return it;
}

class Queues {
public:
    explicit Queues(Conversation& talk) : talk_{talk}, questions_{talk} {
        const std::string& named = talk.endpoint.database;
        const bool is_number =
            !named.empty() && named.find_first_not_of("0123456789") == std::string::npos;
        database_ = is_number ? named : "0";
    }

    asio::awaitable<void> look() {
        std::vector<Candidate> candidates = co_await find_candidates();
        co_await measure(candidates);
        if (candidates.empty()) co_return;
        asio::steady_timer timer{co_await asio::this_coro::executor,
                                 std::chrono::milliseconds{200}};
        co_await timer.async_wait(as_result);
        co_await measure(candidates);
        std::vector<std::string> words = {"CLIENT", "LIST"};
        const auto listed = co_await questions_.ask(std::move(words));
        if (!listed || listed->is_error) co_return;
        clients_ = parse_clients(listed->text);
        for (Candidate& it : candidates) {
            const bool is_known = co_await find_consumers(it);
            if (is_known) talk_.fact().queues.push_back(it.fact);
        }
    }

private:
    asio::awaitable<std::vector<Candidate>> find_candidates() {
        constexpr int rounds_max = 4;
        constexpr std::size_t candidates_max = 20;
        std::vector<Candidate> candidates;
        std::string cursor = "0";
        for (int round = 0; round < rounds_max; ++round) {
            std::vector<std::string> words = {"SCAN", cursor, "COUNT", "500"};
            const auto reply = co_await questions_.ask(std::move(words));
            if (!reply || reply->is_error || reply->items.empty()) break;
            for (std::size_t i = 1; i < reply->items.size(); ++i) {
                auto candidate = parse_key(reply->items[i]);
                const bool is_wanted = candidate && candidates.size() < candidates_max;
                if (is_wanted) candidates.push_back(std::move(*candidate));
            }
            cursor = reply->items[0];
            if (cursor == "0") break;
        }
        co_return candidates;
    }

    /// Drops those in which nothing waits, or less than before.
    asio::awaitable<void> measure(std::vector<Candidate>& candidates) {
        std::vector<Candidate> waiting;
        for (Candidate& it : candidates) {
            std::vector<std::string> words = {"LLEN", it.key};
            const auto length = co_await questions_.ask(std::move(words));
            if (!length) break;
            const int count = length->number();
            if (count == 0 || count < it.fact.waiting) continue;
            it.fact.waiting = count;
            waiting.push_back(std::move(it));
        }
        candidates = std::move(waiting);
    }

    /// False: it can not be told.
    asio::awaitable<bool> find_consumers(Candidate& it) {
        it.fact.name = sane_text(it.fact.name);
        if (it.fact.kind == "BullMQ") co_return co_await look_at_bull(it);
        if (it.fact.kind == "RQ") co_return co_await look_at_rq(it);
        if (it.fact.kind == "Resque") co_return co_await look_at_resque(it);
        if (it.fact.kind == "Sidekiq") co_return co_await look_at_sidekiq(it);
        look_at_takers(it);
        co_return true;
    }

    /// Their workers give their connections the name of the queue.
    asio::awaitable<bool> look_at_bull(Candidate& it) {
        // Older ones put a mark into the list that wakes workers up, and is no job.
        std::vector<std::string> words = {"LINDEX", it.key, "-1"};
        const auto last = co_await questions_.ask(std::move(words));
        if (!last || last->is_error || last->text.starts_with("0:")) co_return false;
        const std::string own = it.prefix + ":" + encode(it.fact.name);
        std::set<std::string> others;
        for (const Client& client : clients_) {
            const bool is_worker = client.name == own || client.name.starts_with(own + ":w:");
            if (is_worker && client.database == database_) ++it.fact.consumers;
            if (is_worker && client.database != database_) it.fact.elsewhere = client.database;
            if (is_worker || !client.name.starts_with(it.prefix + ":")) continue;
            const std::string code = client.name.substr(it.prefix.size() + 1);
            const auto colon = code.find(':');
            if (colon != code.npos && !code.substr(colon).starts_with(":w:")) continue;
            const std::string name = decode(code.substr(0, colon));
            if (!name.empty()) others.insert(sane_text(name));
        }
        it.fact.others.assign(others.begin(), others.end());
        co_return true;
    }

    asio::awaitable<bool> look_at_rq(Candidate& it) {
        std::vector<std::string> words = {"SCARD", "rq:workers:" + it.fact.name};
        const auto count = co_await questions_.ask(std::move(words));
        if (!count || !count->is_number()) co_return false;
        it.fact.consumers = count->number();
        words = {"SMEMBERS", "rq:queues"};
        const auto queues = co_await questions_.ask(std::move(words));
        if (!queues) co_return false;
        for (const std::string& key : queues->items) {
            const std::string name = key.substr(std::min(key.size(), std::size_t{9}));
            words = {"SCARD", "rq:workers:" + name};
            const auto workers = co_await questions_.ask(std::move(words));
            if (!workers) co_return false;
            if (workers->number() > 0 && name != it.fact.name) it.fact.others.push_back(name);
        }
        co_return true;
    }

    void add_worker(Candidate& it, const std::vector<std::string>& queues) {
        for (const std::string& name : queues) {
            const bool is_own = name == it.fact.name || name.find('*') != name.npos;
            if (is_own) ++it.fact.consumers;
            const auto& others = it.fact.others;
            const bool is_new = std::ranges::find(others, name) == others.end();
            if (!is_own && is_new) it.fact.others.push_back(sane_text(name));
        }
    }

    /// "host:4711:mail,default".
    asio::awaitable<bool> look_at_resque(Candidate& it) {
        std::vector<std::string> words = {"SMEMBERS", it.prefix + "workers"};
        const auto workers = co_await questions_.ask(std::move(words));
        if (!workers || workers->is_error || workers->items.empty()) co_return false;
        for (const std::string& worker : workers->items) {
            std::vector<std::string> queues;
            std::istringstream names{worker.substr(worker.rfind(':') + 1)};
            for (std::string name; std::getline(names, name, ',');)
                queues.push_back(name);
            add_worker(it, queues);
        }
        co_return true;
    }

    asio::awaitable<bool> look_at_sidekiq(Candidate& it) {
        static const std::regex listed{"\"queues\":\\[([^\\]]*)\\]"};
        static const std::regex quoted{"\"([^\"]+)\""};
        constexpr std::size_t processes_max = 10;
        std::vector<std::string> words = {"SMEMBERS", "processes"};
        const auto processes = co_await questions_.ask(std::move(words));
        const bool is_one = processes && !processes->is_error && !processes->items.empty();
        if (!is_one || processes->items.size() > processes_max) co_return false;
        for (const std::string& process : processes->items) {
            words = {"HGET", process, "info"};
            const auto info = co_await questions_.ask(std::move(words));
            std::smatch found;
            if (!info || !std::regex_search(info->text, found, listed)) co_return false;
            const std::string names = found[1].str();
            std::vector<std::string> queues;
            for (std::sregex_iterator name{names.begin(), names.end(), quoted}, end; name != end;
                 ++name) {
                queues.push_back((*name)[1].str());
            }
            add_worker(it, queues);
        }
        co_return true;
    }

    /// Who waits in a blocking command finds all of its lists empty.
    void look_at_takers(Candidate& it) {
        constexpr std::array<std::string_view, 11> takes{"brpop",
                                                         "blpop",
                                                         "brpoplpush",
                                                         "blmove",
                                                         "blmpop",
                                                         "rpop",
                                                         "lpop",
                                                         "rpoplpush",
                                                         "lmove",
                                                         "lmpop",
                                                         "bzmpop"};
        for (const Client& client : clients_) {
            if (std::ranges::find(takes, client.command) == takes.end()) continue;
            const bool is_here = client.database == database_;
            if (!is_here && client.is_blocked) it.fact.elsewhere = client.database;
            if (is_here && client.is_blocked) ++it.fact.idle_takers;
            if (is_here && !client.is_blocked) it.fact.has_busy_takers = true;
        }
    }

    Conversation& talk_;
    RedisQuestions questions_;
    std::string database_;
    std::vector<Client> clients_;
};

}  // namespace

asio::awaitable<void> ask_for_queues(Conversation& talk) {
    Queues queues{talk};
    co_await queues.look();
}

}  // namespace devstack::diagnosis
