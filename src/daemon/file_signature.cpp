#include "daemon/file_signature.hpp"

#include <sys/stat.h>

namespace devstack::daemon {

std::string signature_of_file(const std::string& path) {
    struct stat status {};
    std::string text = path + '\0';
    if (::stat(path.c_str(), &status) != 0) return text + "missing\n";
    for (const auto number : {static_cast<long long>(status.st_dev),
                              static_cast<long long>(status.st_ino),
                              static_cast<long long>(status.st_size),
                              static_cast<long long>(status.st_mtim.tv_sec),
                              static_cast<long long>(status.st_mtim.tv_nsec),
                              static_cast<long long>(status.st_ctim.tv_sec),
                              static_cast<long long>(status.st_ctim.tv_nsec)}) {
        text += std::to_string(number) + " ";
    }
    return text + "\n";
}

}  // namespace devstack::daemon
