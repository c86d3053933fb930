// A database or cache is there, and does not let us in.

#include "devstack/core/doctor/service_url.hpp"

#include "core/doctor/picture.hpp"

#include <algorithm>

namespace devstack::core::doctor {

namespace {

std::string database_of(const ReferenceFact& reference) {
    const std::string path = reference.path.substr(0, reference.path.find('?'));
    return path.size() > 1 ? path.substr(1) : reference.user;
}

/// It says that it wants no TLS, or does not care.
bool insists_without(const ReferenceFact& reference) {
    return !parameter_of(reference.path, "sslmode").empty();
}

std::string role_of(const ReferenceFact& reference) {
    return reference.user.empty() ? "the default role" : "role " + reference.user;
}

/// "no pg_hba.conf entry for host …, no encryption" is said of one that has to come with TLS as
/// well as of one that may not come at all: by_tls is what came of trying that too.
void tell_no_encryption(const ReferenceFact& reference,
                        const DialFact& dial,
                        const DialFact* by_tls,
                        Finding& finding) {
    const std::string at = "PostgreSQL at " + render_endpoint(reference.host, reference.port);
    const std::string named = render_reference(reference);
    const std::string line = "host " + database_of(reference) + " " +
                             (reference.user.empty() ? "all" : reference.user) +
                             " ADDRESS scram-sha-256";
    finding.id = "database-login-refused";
    if (by_tls == nullptr || by_tls->stage != "done") {
        finding.what = at + " refuses " + role_of(reference) + " of " + named +
                       " without TLS, or at all from here: " + dial.error + ".";
        finding.fix = "add ?sslmode=require to " + named +
                      ", if pg_hba.conf has a hostssl line for it; otherwise add a line there";
    } else if (by_tls->error.empty()) {
        finding.id = "database-wants-tls";
        finding.what = at + " takes " + role_of(reference) + " of " + named +
                       " only by TLS: without it pg_hba.conf has no entry, with it there is one.";
        finding.fix = "add ?sslmode=require to " + named +
                      (insists_without(reference) ? " in place of its sslmode" : "");
    } else {
        finding.what = at + " refuses " + role_of(reference) + " of " + named + ": " + dial.error +
                       (by_tls->code == "no TLS" ? ", and the server offers no TLS that could help."
                                                 : "; by TLS neither.");
        finding.fix = "add a line to its pg_hba.conf (" + line +
                      "), and reload it: SELECT "
                      "pg_reload_conf()";
    }
}

/// A client that insists on TLS, and what it meets.
bool tell_tls(const ReferenceFact& reference, const Picture& picture, Finding& finding) {
    const DialFact* const by_tls = picture.dial("tls of " + reference.dial);
    if (by_tls == nullptr || !insists_on_tls(reference.path)) return false;
    const std::string at = "PostgreSQL at " + render_endpoint(reference.host, reference.port);
    const std::string mode = parameter_of(reference.path, "sslmode");
    const std::string named = render_reference(reference);
    const std::string wish =
        named + " insists on TLS (" + (mode.empty() ? "ssl=true" : "sslmode=" + mode) + ")";
    finding.evidence = {render_request(*by_tls) + ": " +
                        (by_tls->error.empty() ? "accepted" : render_outcome(*by_tls))};
    const ServiceFact* const service = picture.service(reference.service);
    const LineFact* const refusal =
        service == nullptr ? nullptr
                           : picture.find_line(service->name, [](const std::string& line) {
                                 return contains_word(line, "certificate");
                             });
    if (by_tls->code == "no TLS") {
        finding.id = "database-has-no-tls";
        finding.what = wish + ", and " + at + " offers none: its ssl is off.";
        finding.fix = "sslmode=prefer (or disable) in " + named +
                      ", or ssl = on and a certificate in postgresql.conf";
        return true;
    }
    if (by_tls->tls_problem.empty() || refusal == nullptr) return false;
    finding.id = "database-certificate-not-trusted";
    finding.what =
        wish + ", and the certificate of " + at + " is not trusted: " + by_tls->tls_problem + ".";
    finding.evidence = {render_line(service->name, *refusal),
                        "subject " + by_tls->tls_subject + ", issuer " + by_tls->tls_issuer};
    finding.fix = "name the authority that has issued it (sslrootcert=FILE in " + named +
                  "), or ask for no more than encryption: sslmode=require";
    return true;
}

/// What has to be corrected: one URL, or the variable that holds the part.
std::string password_place(const ReferenceFact& reference) {
    return reference.password_in.empty() ? render_reference(reference) : reference.password_in;
}
std::string database_place(const ReferenceFact& reference) {
    return reference.database_in.empty() ? render_reference(reference) : reference.database_in;
}

/// What it does not tell those who knock, it writes down: "Role "shop" does not exist."
bool tell_missing_role(const ReferenceFact& reference,
                       const std::string& at,
                       const Picture& picture,
                       Finding& finding) {
    const std::string wanted = "Role \"" + reference.user + "\" does not exist";
    for (const LogFact& log : picture.facts().logs) {
        const LineFact* const line = picture.find_line_with(log.service, wanted);
        if (line == nullptr) continue;
        finding.id = "database-role-does-not-exist";
        finding.what = at + " has no role " + reference.user + ", which " +
                       render_reference(reference) + " names.";
        finding.evidence.push_back(render_line(log.service, *line));
        finding.fix = "createuser -P " + reference.user + ", or correct the user in " +
                      render_reference(reference);
        return true;
    }
    return false;
}

/// What a refusal means, by what the server calls it.
bool tell_postgres(const ReferenceFact& reference,
                   const DialFact& dial,
                   const Picture& picture,
                   Finding& finding) {
    const std::string at = "PostgreSQL at " + render_endpoint(reference.host, reference.port);
    const std::string named = render_reference(reference);
    const std::string& code = dial.code;
    const std::string database = database_of(reference);
    if (code == "28000" && contains(dial.error, "no encryption") &&
        contains(dial.error, "pg_hba.conf")) {
        tell_no_encryption(reference, dial, picture.dial("tls of " + dial.id), finding);
    } else if (code == "42501") {
        finding.id = "database-login-refused";
        finding.what = "Role " + reference.user + " may not connect to the database " + database +
                       " of " + at + ": " + dial.error + ".";
        finding.fix = "GRANT CONNECT ON DATABASE " + database + " TO " + reference.user;
    } else if (code == "no password") {
        finding.id = "database-wrong-password";
        finding.what =
            named + " has no password, and " + at + " wants one of " + role_of(reference) + ".";
        finding.fix = "write the password into " + named;
    } else if (code == "28P01") {
        if (tell_missing_role(reference, at, picture, finding)) return true;
        finding.id = "database-wrong-password";
        finding.what = "The password of " + role_of(reference) + " in " +
                       password_place(reference) + " is wrong: " + at + " refuses the log-in.";
        finding.fix = "correct the password in " + password_place(reference) +
                      ", or set it: ALTER ROLE " + reference.user + " PASSWORD '…'";
    } else if (code == "28000") {
        finding.id = "database-login-refused";
        finding.what = at + " does not let " + role_of(reference) + " in, as " +
                       render_reference(reference) + " wants: " + dial.error + ".";
        finding.fix =
            "create the role (createuser " + reference.user + "), or allow it in pg_hba.conf";
    } else if (code == "3D000") {
        finding.id = "database-does-not-exist";
        finding.what = "The database " + database + " that " + database_place(reference) +
                       " names does not exist on " + at + ".";
        finding.fix = "create it (createdb -O " + reference.user + " " + database +
                      "), then run the migrations";
    } else if (code == "53300") {
        finding.id = "database-too-many-connections";
        finding.what =
            at + " has no connection left for " + reference.service + ": " + dial.error + ".";
        finding.fix =
            "see who holds them (select * from pg_stat_activity), use a smaller pool, or "
            "raise max_connections";
    } else if (code == "57P03") {
        finding.id = "database-starting";
        finding.what = at + " is not ready yet: " + dial.error + ".";
        finding.fix = "wait for it, and let " + reference.service + " depend on it";
    } else {
        return false;
    }
    return true;
}

bool tell_redis(const ReferenceFact& reference, const DialFact& dial, Finding& finding) {
    const std::string at = "Redis at " + render_endpoint(reference.host, reference.port);
    if (dial.code == "NOAUTH") {
        finding.id = "cache-wants-password";
        finding.what = at + " wants a password, and " + render_reference(reference) + " has none.";
        finding.fix = "put the password into " + render_reference(reference);
    } else if (contains(dial.error, "max number of clients")) {
        finding.id = "cache-too-many-connections";
        finding.what = at + " has no connection left for " + reference.service +
                       ": as many clients as its maxclients allows are connected.";
        finding.fix =
            "see who they are (redis-cli client list), close what is not needed, or raise "
            "maxclients";
    } else if (contains_word(dial.error, "DB index")) {
        finding.id = "cache-no-such-database";
        finding.what = at + " has no database " + database_of(reference) + ", which " +
                       render_reference(reference) + " names: " + dial.error + ".";
        finding.fix = "use a lower number in " + render_reference(reference) +
                      ", or raise databases in redis.conf";
    } else if (dial.code == "WRONGPASS" || dial.code == "ERR") {
        finding.id = "cache-wrong-password";
        finding.what = at + " does not take the password in " + render_reference(reference) + ": " +
                       dial.error + ".";
        finding.fix = "correct the password in " + render_reference(reference);
    } else if (dial.code == "MISCONF") {
        finding.id = "cache-not-usable";
        finding.what = at + " can not save its snapshots, and refuses to be written to for that.";
        finding.fix =
            "see in its log why it can not (a directory, a full disk), and mend that; for now: "
            "redis-cli config set stop-writes-on-bgsave-error no";
    } else if (dial.code == "LOADING" || dial.code == "MASTERDOWN") {
        finding.id = "cache-not-usable";
        finding.what = at + " refuses to work: " + dial.error + ".";
        finding.fix = "wait for it, or look at its log";
    } else {
        return false;
    }
    return true;
}

/// By the numbers of "Server Error Message Reference", which MariaDB shares.
bool tell_mysql(const ReferenceFact& reference,
                const DialFact& dial,
                const DialFact* by_tls,
                Finding& finding) {
    const std::string at =
        product_of(reference.scheme) + " at " + render_endpoint(reference.host, reference.port);
    const std::string& code = dial.code;
    const std::string named = render_reference(reference);
    if (code.empty()) return false;
    if (code == "1045" && by_tls != nullptr && by_tls->stage == "done" && by_tls->error.empty()) {
        finding.id = "database-wants-tls";
        finding.what = at + " lets user " + reference.user + " of " + named +
                       " in by TLS only (REQUIRE SSL); without it says that the log-in is wrong (" +
                       dial.error + ").";
        finding.evidence.push_back("the same log-in by TLS: accepted");
        finding.fix =
            "let the client use TLS (ssl: {rejectUnauthorized: false} for a certificate of "
            "its own, ssl-mode=REQUIRED, useSSL=true), or ALTER USER '" +
            reference.user + "'@'…' REQUIRE NONE";
    } else if (code == "1045") {
        const bool is_wrong_by_tls = by_tls != nullptr && by_tls->code == "1045";
        const bool has_password = !contains(dial.error, "password: NO");
        finding.id = "database-wrong-password";
        finding.what =
            has_password ? "The password of user " + reference.user + " in " +
                               password_place(reference) + " is wrong" +
                               (is_wrong_by_tls ? ", or there is no such user: "
                                                : ", there is no such user, or it may only come by "
                                                  "TLS (REQUIRE SSL): ")
                         : named + " has no password for user " + reference.user + ": ";
        finding.what += at + " refuses the log-in (" + dial.error + ").";
        finding.fix = "correct user and password in " + password_place(reference) +
                      ", or set it: ALTER USER '" + reference.user +
                      "'@'localhost' IDENTIFIED BY '…'";
    } else if (code == "1049") {
        finding.id = "database-does-not-exist";
        finding.what = "The database " + database_of(reference) + " that " +
                       database_place(reference) + " names does not exist on " + at + ".";
        finding.fix =
            "create it (CREATE DATABASE " + database_of(reference) + "), then run the migrations";
    } else if (code == "1044") {
        finding.id = "database-login-refused";
        finding.what = "The database " + database_of(reference) + " that " +
                       database_place(reference) + " names does not exist on " + at + ", or user " +
                       reference.user + " has no rights to it: " + dial.error + ".";
        finding.fix = "CREATE DATABASE " + database_of(reference) + ", and GRANT ALL ON " +
                      database_of(reference) + ".* TO the user";
    } else if (code == "1040" || code == "1203" || code == "1226") {
        finding.id = "database-too-many-connections";
        finding.what =
            at + " has no connection left for " + reference.service + ": " + dial.error + ".";
        finding.fix =
            "see who holds them (SHOW PROCESSLIST), use a smaller pool, or raise "
            "max_connections";
    } else {
        finding.id = "database-login-refused";
        finding.what = at + ", which " + named + " names, refuses connections: " + dial.error + ".";
        finding.fix = "allow this host and user in the database, or correct " + named;
    }
    return true;
}

/// Somebody answers who speaks something else.
bool tell_stranger(const ReferenceFact& reference,
                   const DialFact& dial,
                   const Picture& picture,
                   Finding& finding) {
    const bool is_strange = contains(dial.error, "the answer is not") ||
                            dial.error == "closed the connection without an answer";
    const auto listeners = picture.listeners_on(reference.port);
    if (!is_strange || listeners.empty() || !is_local(reference.host)) return false;
    finding.id = "endpoint-is-something-else";
    finding.what = render_reference(reference) + " of " + reference.service + " expects " +
                   product_of(reference.scheme) + " on " +
                   render_endpoint(reference.host, reference.port) + ", but there listens " +
                   describe(*listeners.front()) + ".";
    finding.fix = "correct the port in " + render_reference(reference);
    return true;
}

bool is_suffering(const ReferenceFact& reference, const DialFact& dial, const Picture& picture) {
    const ServiceFact* const service = picture.service(reference.service);
    if (service == nullptr) return false;
    // The server itself, which finds the env file of its clients beside it.
    const bool is_server = !dial.code.empty() && picture.declares(*service, reference.port);
    if (is_server && is_local(reference.host)) return false;
    // It may have one from elsewhere (~/.pgpass), unless it says that it has none.
    if (dial.code == "no password") {
        return picture.mentions(*service, "no password supplied") ||
               picture.mentions(*service, "password must be a string") ||
               picture.mentions(*service, "password authentication failed");
    }
    return picture.is_suspect(*service) || picture.is_waiting(*service) ||
           (!dial.error.empty() && picture.mentions(*service, dial.error.substr(0, 40)));
}

}  // namespace

void find_database_troubles(const Picture& picture, std::vector<Finding>& findings) {
    for (const ReferenceFact& reference : picture.facts().references) {
        const DialFact* const dial = picture.dial(reference.dial);
        const bool is_product = !product_of(reference.scheme).empty();
        const bool is_by_tls = dial != nullptr && insists_on_tls(reference.path) &&
                               picture.dial("tls of " + dial->id) != nullptr;
        if (dial == nullptr || !is_product || (dial->error.empty() && !is_by_tls)) continue;
        if (!is_suffering(reference, *dial, picture)) continue;
        Finding finding;
        finding.service = reference.service;
        finding.topic = "endpoint " + render_endpoint(reference.host, reference.port);
        finding.strength = 88;
        finding.confidence = Confidence::sure;
        finding.evidence = {"log-in as " + reference.service +
                            " would do it: " + render_outcome(*dial)};
        if (is_by_tls) {
            // What comes of a connection without it is nobody's concern.
            const bool is_told = tell_tls(reference, picture, finding);
            if (is_told) findings.push_back(std::move(finding));
            const bool is_moot = dial->error.empty() || contains(dial->error, "no encryption");
            if (is_told || is_moot) continue;
        }
        const bool is_told =
            dial->protocol == "postgresql" ? tell_postgres(reference, *dial, picture, finding)
            : dial->protocol == "redis"
                ? tell_redis(reference, *dial, finding)
                : tell_mysql(reference, *dial, picture.dial("tls of " + dial->id), finding);
        if (is_told || tell_stranger(reference, *dial, picture, finding)) {
            findings.push_back(std::move(finding));
        }
    }
}

}  // namespace devstack::core::doctor
