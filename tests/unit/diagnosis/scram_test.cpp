#include "diagnosis/scram.hpp"

#include "support/catch.hpp"

using namespace devstack::diagnosis;

// The example of RFC 7677, section 3.
TEST_CASE("a SCRAM-SHA-256 exchange is as in the RFC", "[unit][doctor]") {
    const Scram scram{"pencil", "user", "rOprNGfwEbeRWgbNEkqO"};
    CHECK(scram.first_message() == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const auto last = scram.last_message(
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    REQUIRE(last);
    CHECK(*last ==
          "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
          "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
}

TEST_CASE("a server that makes no sense gets no proof", "[unit][doctor]") {
    const Scram scram{"pencil", "user", "abc"};
    CHECK_FALSE(scram.last_message("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    CHECK_FALSE(scram.last_message("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999"));
    CHECK_FALSE(scram.last_message("r=abcd,s=!,i=1"));
    CHECK_FALSE(scram.last_message(""));
}

TEST_CASE("PostgreSQL's older way to log in", "[unit][doctor]") {
    // md5(md5("secret" + "shop") + "1234"), by md5sum(1).
    CHECK(md5_password("shop", "secret", "1234") == "md50df02a149f746c91c7d01639a6620268");
}
