#include <utility>

// OpenSSL asks the processor what it can do before main, in every process that has it linked in.
// In a virtual machine each CPUID is a trap to the hypervisor, and all of them are a tenth of what
// `devstack status` needs; OPENSSL_init_crypto(3) asks again, before anything is used. So that the
// first call does nothing. The linker is told to call this one (--wrap).

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names.
void __real_OPENSSL_cpuid_setup();
void __wrap_OPENSSL_cpuid_setup();

void __wrap_OPENSSL_cpuid_setup() {
    static bool is_later = false;
    if (std::exchange(is_later, true)) __real_OPENSSL_cpuid_setup();
}
// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
