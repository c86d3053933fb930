#include "diagnosis/rust_names.hpp"

#include "support/catch.hpp"

using devstack::diagnosis::readable_rust_name;

TEST_CASE("names of Rust are readable, in their old way and their new one", "[unit][diagnosis]") {
    CHECK(readable_rust_name("_ZN5stock5stock5Store7reorder17h54364d0e4d2a517eE") ==
          "stock::stock::Store::reorder");
    CHECK(readable_rust_name("_ZN5stock4main28_$u7b$$u7b$closure$u7d$$u7d$17h46866ead3774933bE") ==
          "stock::main::{{closure}}");
    CHECK(readable_rust_name("_RNvMNtNtNtNtCsjrHSEGnQ3l9_3std3sys4sync5mutex5futexNtB2_5Mutex14"
                             "lock_contended") ==
          "std::sys::sync::mutex::futex::Mutex::lock_contended");
    CHECK(readable_rust_name("_RNCNvCs1234_5stock4main0Ba_") == "stock::main::{{closure}}");
}

TEST_CASE("other names are not taken for Rust's", "[unit][diagnosis]") {
    for (const char* name : {"main",
                             "_ZN4bank8transferEv",
                             "_ZN3foo17h54364d0e4d2a517eE_not",
                             "_ZN99foo",
                             "_R",
                             "_ZN"}) {
        INFO(name);
        const auto readable = readable_rust_name(name);
        CHECK((readable.empty() || readable == "foo"));
    }
}
