// What libraries say when two clocks disagree.

#include "core/doctor/log_knowledge.hpp"

namespace devstack::core::doctor {

namespace {

constexpr std::string_view meaning =
    "{service} is given something from the future: \"{1}\". The clock of whoever has made it is "
    "ahead of its own, or its own is behind.";
constexpr std::string_view fix =
    "compare the clocks of both (date -u; the header Date of their answers), and set them by NTP "
    "(timedatectl); a few seconds of leeway help against small differences";

constexpr LogKnowledge table[] = {
    // golang-jwt, java-jwt, PyJWT, jsonwebtoken, jose, google-auth.
    {"clocks-disagree",
     "used before issued",
     R"re(([Tt]oken used before issued))re",
     meaning,
     fix,
     70},
    {"clocks-disagree",
     "an't be used before",
     R"re((The Token can't be used before [^"]{1,40}))re",
     meaning,
     fix,
     70},
    {"clocks-disagree",
     "not yet valid",
     R"re(([Tt]oken is not yet valid(?: \((?:iat|nbf)\))?))re",
     meaning,
     fix,
     70},
    {"clocks-disagree", "not valid yet", R"re(([Tt]oken is not valid yet))re", meaning, fix, 70},
    {"clocks-disagree", "jwt not active", R"re((jwt not active))re", meaning, fix, 70},
    {"clocks-disagree",
     "claim timestamp check failed",
     R"re(("(?:nbf|iat)" claim timestamp check failed))re",
     "{service} is given a token from the future: {1}. The clock of whoever has made it is ahead "
     "of its own, or its own is behind.",
     fix,
     70},
    {"clocks-disagree",
     "Token used too early",
     R"re((Token used too early, \d+ < \d+))re",
     meaning,
     fix,
     70},
    // AWS and what speaks its protocol; Kerberos.
    {"clocks-disagree",
     "RequestTimeTooSkewed",
     R"re((RequestTimeTooSkewed))re",
     "{service} is refused by a store whose clock differs from its own by more than 15 minutes "
     "({1}).",
     fix,
     76},
    {"clocks-disagree",
     "Signature not yet current",
     R"re((Signature not yet current: \S+))re",
     "{service} is refused, since its clock is ahead of that of who checks its signature ({1}).",
     fix,
     76},
    {"clocks-disagree",
     "lock skew too great",
     R"re(([Cc]lock skew too great))re",
     "{service} is refused by Kerberos: its clock and that of the server differ too much ({1}).",
     fix,
     76},
};

}  // namespace

std::span<const LogKnowledge> log_knowledge_of_clocks() {
    return table;
}

}  // namespace devstack::core::doctor
