// Traces of the JVM's languages and of .NET.

#include "core/doctor/picture.hpp"
#include "core/doctor/traceback_readers.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace devstack::core::doctor {

namespace {

/// Packages of the JDK, of languages, frameworks, drivers and servers.
bool is_foreign_class(const std::string& function) {
    constexpr std::array<std::string_view, 62> packages{"java.",
                                                        "javax.",
                                                        "jakarta.",
                                                        "jdk.",
                                                        "sun.",
                                                        "com.sun.",
                                                        "kotlin.",
                                                        "kotlinx.",
                                                        "scala.",
                                                        "groovy.",
                                                        "clojure.",
                                                        "org.codehaus.",
                                                        "org.apache.",
                                                        "org.eclipse.",
                                                        "org.springframework.",
                                                        "org.hibernate.",
                                                        "org.jboss.",
                                                        "org.glassfish.",
                                                        "org.postgresql.",
                                                        "org.mariadb.",
                                                        "com.mysql.",
                                                        "com.microsoft.sqlserver.",
                                                        "oracle.",
                                                        "com.oracle.",
                                                        "org.h2.",
                                                        "org.sqlite.",
                                                        "org.mongodb.",
                                                        "com.mongodb.",
                                                        "redis.clients.",
                                                        "io.lettuce.",
                                                        "com.rabbitmq.",
                                                        "com.zaxxer.",
                                                        "com.mchange.",
                                                        "com.fasterxml.",
                                                        "com.google.",
                                                        "org.slf4j.",
                                                        "ch.qos.logback.",
                                                        "org.flywaydb.",
                                                        "liquibase.",
                                                        "org.jooq.",
                                                        "org.mybatis.",
                                                        "org.thymeleaf.",
                                                        "io.netty.",
                                                        "io.undertow.",
                                                        "io.vertx.",
                                                        "io.micronaut.",
                                                        "io.quarkus.",
                                                        "io.ktor.",
                                                        "io.javalin.",
                                                        "io.grpc.",
                                                        "io.reactivex.",
                                                        "reactor.",
                                                        "okhttp3.",
                                                        "retrofit2.",
                                                        "feign.",
                                                        "akka.",
                                                        "play.",
                                                        "com.typesafe.",
                                                        "software.amazon.",
                                                        "org.gradle.",
                                                        "org.junit.",
                                                        "net.bytebuddy."};
    return std::ranges::any_of(packages,
                               [&](std::string_view it) { return function.starts_with(it); });
}

struct JavaFrame {
    bool is_own = false;
    std::string function;
    std::string file;
    int line = 0;
};

/// "	at java.base/java.lang.Thread.run(Thread.java:840)", "	at
/// app//shop.Main.main(Main.java:3)", "	at java.base/java.io.FileInputStream.open0(Native
/// Method)".
std::optional<JavaFrame> parse_frame(const std::string& text) {
    static const std::regex frame{
        R"(^\s+at (?:[\w.@-]*/)*([\w.$<>]+)\((?:(\w+\.(?:java|kt|kts|scala|groovy|clj)):(\d+)|Native Method|Unknown Source|<\w+>|[\w$]+\.\w+)\))"};
    std::smatch match;
    if (!text.ends_with(')') || !std::regex_search(text, match, frame)) return std::nullopt;
    const bool has_place = match[2].matched;
    return JavaFrame{has_place && !is_foreign_class(match[1]),
                     match[1],
                     match[2],
                     has_place ? to_line_number(match[3]) : 0};
}

/// "	... 12 more", "	Suppressed: …", and what is between causes.
bool is_between(const std::string& text) {
    static const std::regex more{R"(^\s+\.\.\. \d+ (?:more|common frames omitted))"};
    return std::regex_search(text, more);
}

/// The class, and what it says: "java.lang.X: …"; empty: no head.
std::string head_of(const std::string& text) {
    static const std::regex head{
        R"((?:^|[^\w.$])((?:[a-z_]\w*\.)+[A-Z][\w$]*(?:Exception|Error|Failure|Throwable)\w*(?:: .*)?)$)"};
    std::smatch match;
    return std::regex_search(text, match, head) ? match[1].str() : "";
}

/// A message may have more lines; then come frames.
std::size_t find_frames(const TraceLines& lines, std::size_t head) {
    constexpr std::size_t message_lines_max = 6;
    for (std::size_t i = head + 1; i < lines.size() && i <= head + message_lines_max; ++i) {
        if (parse_frame(lines[i].text) || is_between(lines[i].text)) return i;
        if (!head_of(lines[i].text).empty()) break;
    }
    return lines.size();
}

bool is_cause(const std::string& text) {
    return text.starts_with("Caused by: ");
}

/// It is told with the exception that it caused, if that is there.
bool has_head_above(const TraceLines& lines, std::size_t cause) {
    for (std::size_t i = cause; i-- > 0;) {
        const std::string& text = lines[i].text;
        if (parse_frame(text) || is_between(text) || is_cause(text)) continue;
        return !head_of(text).empty() || find_frames(lines, i) < cause;
    }
    return false;
}

}  // namespace

/// "Exception in thread "main" java.lang.X: …", frames, "Caused by: java.lang.Y: …", frames. The
/// last cause is told, and the first frame of the program's own that is nearest to it.
std::optional<Traceback> read_java(const TraceLines& lines, std::size_t at) {
    const std::string& first = lines[at].text;
    Traceback found;
    found.error = head_of(first);
    if (found.error.empty() || (is_cause(first) && has_head_above(lines, at))) return std::nullopt;
    found.time = lines[at].time;
    std::size_t i = find_frames(lines, at);
    if (i == lines.size()) return std::nullopt;
    constexpr std::size_t lines_max = 400;  // A chain of causes is long.
    bool has_place = false;
    for (; i < std::min(lines.size(), at + lines_max); ++i) {
        const std::string& text = lines[i].text;
        if (is_cause(text) && find_frames(lines, i) < lines.size()) {
            // HttpClient's last word, which says less than the ones before it.
            if (contains(text, "java.nio.channels.ClosedChannelException")) continue;
            found.error = head_of(text).empty() ? text.substr(11) : head_of(text);
            has_place = false;
            i = find_frames(lines, i) - 1;
            continue;
        }
        const auto frame = parse_frame(text);
        if (!frame) {
            if (is_between(text)) continue;
            break;
        }
        if (!frame->is_own || has_place) continue;
        has_place = true;
        found.function = frame->function;
        found.file = frame->file;
        found.line = frame->line;
    }
    return found;
}

std::optional<Traceback> read_headless_java(const TraceLines& lines) {
    constexpr std::size_t frames_min = 150;
    std::optional<JavaFrame> own;
    std::size_t count = 0;
    std::string time;
    for (std::size_t i = lines.size(); i-- > 0;) {
        const auto frame = parse_frame(lines[i].text);
        if (!frame && count == 0) continue;
        if (!frame) break;
        ++count;
        time = lines[i].time;
        if (frame->is_own) own = frame;
    }
    if (count < frames_min || !own) return std::nullopt;
    return Traceback{"a recursion without end (java.lang.StackOverflowError; the log holds " +
                         std::to_string(count) + " frames of it)",
                     own->file,
                     own->line,
                     own->function,
                     "",
                     time,
                     "",
                     false};
}

/// "Unhandled exception. System.X: …", "   at Shop.Stock.Find(Int32 id) in /srv/Stock.cs:line 12".
/// An exception within it is printed between: " ---> System.Y: …", with its frames first.
std::optional<Traceback> read_dotnet(const TraceLines& lines, std::size_t at) {
    static const std::regex head{R"(((?:[A-Z]\w*\.)+\w*(?:Exception|Error)(?: \(\d+\))?: .*)$)"};
    static const std::regex frame{R"(^\s+at (.+?)\(.*\)(?: in (\S.*):line (\d+))?$)"};
    static const std::regex inner{R"(^\s*---> ((?:[A-Z]\w*\.)+\w+(?: \(\d+\))?: .*)$)"};
    std::smatch match;
    if (lines[at].text.starts_with(" --->")) return std::nullopt;
    if (!std::regex_search(lines[at].text, match, head)) return std::nullopt;
    Traceback found;
    found.error = match[1];
    found.time = lines[at].time;
    bool has_frames = false;
    for (std::size_t i = at + 1; i < std::min(lines.size(), at + trace_lines_max); ++i) {
        const std::string& text = lines[i].text;
        if (std::regex_search(text, match, inner)) {
            found.error = match[1];
        } else if (std::regex_search(text, match, frame)) {
            has_frames = true;
            if (!match[2].matched || !found.file.empty()) continue;
            found.function = match[1];
            found.file = match[2];
            found.line = to_line_number(match[3]);
        } else if (!contains(text, "--- End of ")) {
            break;
        }
    }
    return has_frames ? std::optional{found} : std::nullopt;
}

}  // namespace devstack::core::doctor
