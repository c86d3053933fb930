#include "private_directory.hpp"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

namespace devstack::project {

namespace {

Error refuse(const std::string& path, const std::string& why) {
    return {Error::Kind::not_permitted, "will not use " + path + ": " + why};
}

}  // namespace

Status create_private_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return ok();
    const int reason = errno;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        const auto kind = reason == EACCES ? Error::Kind::not_permitted : Error::Kind::system;
        return Error{kind, "cannot create directory " + path + ": " + std::strerror(reason)};
    }
    if (S_ISLNK(status.st_mode)) return refuse(path, "it is a symbolic link");
    if (!S_ISDIR(status.st_mode)) return refuse(path, "it is not a directory");
    if (status.st_uid != ::geteuid()) return refuse(path, "it belongs to another user");
    const bool is_open_to_others = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (is_open_to_others && ::chmod(path.c_str(), 0700) != 0) {
        return refuse(path, "others may write to it");
    }
    return ok();
}

bool is_private_directory(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace devstack::project
