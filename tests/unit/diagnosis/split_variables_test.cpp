#include "diagnosis/split_variables.hpp"

#include "support/catch.hpp"

using namespace devstack::diagnosis;
using devstack::core::doctor::ServiceFact;
using devstack::core::doctor::VariableFact;

namespace {

VariableFact variable(const std::string& name, const std::string& value) {
    VariableFact fact;
    fact.name = name;
    fact.value = value;
    fact.where = ".env:" + std::to_string(name.size());
    return fact;
}

std::string join(const std::vector<VariableFact>& variables, const std::string& database = "") {
    const auto split = join_variables(variables.front(), variables, database);
    if (!split) return "none";
    const auto& fact = split->fact;
    return fact.scheme + "://" + fact.user + "@" + fact.host + ":" + std::to_string(fact.port) +
           fact.path + " " + fact.name;
}

}  // namespace

TEST_CASE("names in a value are replaced by their values", "[unit][doctor]") {
    const auto value_of = [](const std::string& name) -> std::optional<std::string> {
        if (name == "USER") return "app";
        return std::nullopt;
    };
    CHECK(expand_names("postgresql://${USER}:${WORD}@db/$USER", value_of) ==
          "postgresql://app:${WORD}@db/app");
    CHECK(expand_names("a$ $1 ${} b", value_of) == "a$ $1 ${} b");
    CHECK(expand_names("", value_of).empty());
}

TEST_CASE("an endpoint that several variables name is put together", "[unit][diagnosis]") {
    CHECK(join({variable("PGHOST", "db"),
                variable("PGUSER", "shop"),
                variable("PGDATABASE", "orders")}) == "postgresql://shop@db:5432/orders PGHOST");
    CHECK(join({variable("POSTGRES_HOST", "db"),
                variable("POSTGRES_PORT", "5433"),
                variable("POSTGRES_USER", "shop"),
                variable("POSTGRES_DB", "orders")}) ==
          "postgresql://shop@db:5433/orders POSTGRES_HOST/POSTGRES_PORT");
    CHECK(join({variable("DB_HOST", "localhost"),
                variable("DB_CONNECTION", "mysql"),
                variable("DB_USERNAME", "shop"),
                variable("DB_DATABASE", "orders")}) ==
          "mysql://shop@localhost:3306/orders DB_HOST");
    CHECK(join({variable("DB_HOST", "localhost"), variable("DB_USER", "shop")}, "mysql") ==
          "mysql://shop@localhost:3306 DB_HOST");
    CHECK(join({variable("REDIS_HOST", "cache")}) == "redis://@cache:6379 REDIS_HOST");
    CHECK(join({variable("SMTP_HOST", "mail"), variable("SMTP_PORT", "25")}) ==
          "tcp://@mail:25 SMTP_HOST/SMTP_PORT");
}

TEST_CASE("variables that tell too little are no endpoint", "[unit][diagnosis]") {
    CHECK(join({variable("DB_HOST", "localhost"), variable("DB_USER", "shop")}) == "none");
    CHECK(join({variable("SMTP_HOST", "mail")}, "mysql") == "none");
    CHECK(join({variable("PGHOST", "/run/postgresql")}) == "none");
    CHECK(join({variable("PGHOST", "")}) == "none");
    CHECK(join({variable("HOST", "0.0.0.0"), variable("PORT", "3000")}) == "none");
    CHECK(join({variable("PGHOST", "db"), variable("PGPORT", "70000")}) == "none");
    // Nobody logs in without a name.
    CHECK(join({variable("PGHOST", "db")}) == "tcp://@db:5432 PGHOST");
}

TEST_CASE("where password and database stand is kept", "[unit][diagnosis]") {
    const std::vector<VariableFact> variables = {
        variable("DB_HOST", "db"), variable("DB_PASSWORD", "***"), variable("DB_NAME", "orders")};
    const auto split = join_variables(variables[0], variables, "postgresql");
    REQUIRE(split);
    CHECK(split->password == &variables[1]);
    CHECK(split->fact.password_in == "DB_PASSWORD (.env:11)");
    CHECK(split->fact.database_in == "DB_NAME (.env:7)");
}

TEST_CASE("the only database server of a project is known", "[unit][diagnosis]") {
    ServiceFact postgres;
    postgres.words = {"/usr/lib/postgresql/15/bin/postgres", "-D", "data"};
    ServiceFact maria;
    maria.words = {"mariadbd"};
    ServiceFact api;
    api.words = {"node", "api.js"};
    CHECK(find_database_scheme({api, postgres}) == "postgresql");
    CHECK(find_database_scheme({maria, api, {}}) == "mysql");
    CHECK(find_database_scheme({maria, postgres}).empty());
    CHECK(find_database_scheme({api}).empty());
}
