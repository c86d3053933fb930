// Limits, settings and parts of runtimes that are often taken for something else. Comes before what
// is general.

#include "core/doctor/log_knowledge.hpp"

namespace devstack::core::doctor {

namespace {

constexpr LogKnowledge table[] = {
    // ---- Java: what is short, and is no heap
    {"metaspace-exhausted",
     "OutOfMemoryError",
     R"re(OutOfMemoryError: (Metaspace|Compressed class space|PermGen space))re",
     "{service} has used up its memory for classes ({1}), which is no part of the heap.",
     "raise {option -XX:MaxMetaspaceSize} (or CompressedClassSpaceSize), or look for what loads "
     "ever new classes; -Xmx does not help",
     78},
    {"direct-memory-exhausted",
     "irect",
     R"re((?:OutOfMemoryError: (?:Direct buffer memory|Cannot reserve \d+ bytes of direct buffer memory)|OutOfDirectMemoryError: failed to allocate))re",
     "{service} has used up its memory for direct buffers, which is no part of the heap.",
     "raise {option -XX:MaxDirectMemorySize}, or look for buffers that are not released; -Xmx "
     "helps only where that option is not set",
     78},
    {"native-thread-refused",
     "OutOfMemoryError",
     R"re(OutOfMemoryError: unable to create (?:new )?native thread)re",
     "{service} can not start another thread: a limit of processes, threads or address space is "
     "reached, not that of the heap.",
     "see {limit v or ulimit -u and ulimit -v (cat /proc/PID/limits), and pids.max of its "
     "cgroup}, how many threads it has (jstack), and {option -Xss}, the stack of each; -Xmx does "
     "not help",
     80},
    {"java-array-too-large",
     "OutOfMemoryError",
     R"re(OutOfMemoryError: (Requested array size exceeds VM limit|Required array length too large|Required length exceeds implementation limit))re",
     "{service} wants an array that is larger than Java allows, whatever the heap is: {1}.",
     "see the place in its log, and read or build that in parts",
     78},
    {"mmap-refused",
     "OutOfMemoryError",
     R"re(OutOfMemoryError: Map failed)re",
     "{service} can not map a file into its memory: its address space or its number of mappings "
     "is limited.",
     "raise vm.max_map_count (sysctl), or see {limit v or ulimit -v}; -Xmx does not help",
     78},
    {"java-module-closed",
     " to unnamed module",
     R"re(module (\S+) does not "opens (\S+)" to unnamed module)re",
     "{service}, or a library of it, uses what is inside of {2} by reflection, which this Java "
     "does not allow any more.",
     "--add-opens {1}/{2}=ALL-UNNAMED in the command of {service}, or in JAVA_TOOL_OPTIONS; "
     "better: a version of the library in the trace that knows this Java",
     74},
    {"java-module-closed",
     " to unnamed module",
     R"re(because module (\S+) does not export (\S+) to unnamed module)re",
     "{service}, or a library of it, uses classes of {2}, which this Java does not show any more.",
     "--add-exports {1}/{2}=ALL-UNNAMED in the command of {service}, or in JAVA_TOOL_OPTIONS; "
     "better: a version of the library in the trace that knows this Java",
     74},
    // ---- Python: parts of itself, which no package brings
    {"time-zone-unknown",
     "No module named",
     R"re(No module named '(tzdata)')re",
     "{service} imports the Python module {1}, which is not installed.",
     "pip install tzdata in the environment of {service}",
     66},
    {"python-part-missing",
     "No module named",
     R"re(No module named '?_?([Tt]kinter)\b)re",
     "{service} imports tkinter, a part of Python itself that this installation lacks.",
     "apt-get install python3-tk (pip has no such package); on a server, see who imports it: "
     "matplotlib does without, by MPLBACKEND=Agg",
     74},
    {"python-part-missing",
     "No module named",
     R"re(No module named '(ensurepip|venv|lib2to3|idlelib)\b)re",
     "{service} imports {1}, a part of Python itself that this installation lacks.",
     "apt-get install python3-venv python3-full (pip has no such package)",
     74},
    {"python-part-missing",
     "No module named",
     R"re(No module named '(_sqlite3|_ctypes|_bz2|_lzma|_ssl|_hashlib|_curses|_gdbm|_uuid|_decimal|zlib|bz2|lzma|readline)')re",
     "The Python of {service} was built without {1}, since the library that it needs was not "
     "there.",
     "install its -dev package (libsqlite3-dev, libffi-dev, libbz2-dev, liblzma-dev, libssl-dev, "
     "libncurses-dev, zlib1g-dev) and build that Python again (pyenv install --force), or use the "
     "system's python3; pip can not bring it",
     76},
    {"package-of-other-platform",
     "package is present but this platform",
     R"re(Specifically the "([^"]+)" package is present but this platform)re",
     "The packages of {service} were installed on another platform: {1} is there, which does not "
     "run here.",
     "rm -rf node_modules in {folder} and install again (npm ci); a node_modules is not to be "
     "copied, or mounted into a container",
     80},
    {"package-of-other-platform",
     "Could not load the \"sharp\" module",
     R"re(Could not load the "sharp" module using the (\S+) runtime)re",
     "The packages of {service} were installed on another platform: sharp has no part for {1}.",
     "rm -rf node_modules in {folder} and install again (npm ci); a node_modules is not to be "
     "copied, or mounted into a container",
     80},
    {"package-of-other-platform",
     "Failed to load SWC binary for",
     R"re(Failed to load SWC binary for (\S+?),)re",
     "The packages of {service} were installed on another platform: Next.js has no compiler for "
     "{1}.",
     "rm -rf node_modules in {folder} and install again (npm ci); a node_modules is not to be "
     "copied, or mounted into a container",
     80},
    {"python-module-removed",
     "No module named",
     R"re(No module named '(distutils)\b)re",
     "{service}, or a package of it, imports distutils, which Python has no longer since 3.12.",
     "pip install setuptools, which brings it; better: a newer version of the package that "
     "imports it",
     74},
    {"python-module-removed",
     "No module named",
     R"re(No module named '(imp|asyncore|asynchat|smtpd|aifc|audioop|cgi|cgitb|chunk|crypt|imghdr|mailcap|nntplib|pipes|sndhdr|spwd|sunau|telnetlib|uu|xdrlib)')re",
     "{service}, or a package of it, imports {1}, which Python has no longer (3.12 and 3.13 have "
     "taken out such modules).",
     "a newer version of the package that imports it, or an older Python; for its own code see "
     "what the manual names in place of {1}",
     74},
    {"python-two-code",
     "No module named",
     R"re(No module named '(ConfigParser|urllib2|StringIO|cStringIO|Queue|cPickle|httplib|__builtin__|urlparse|SocketServer|SimpleHTTPServer|BaseHTTPServer|HTMLParser|Cookie|commands)')re",
     "{service} is written for Python 2: it imports {1}, which Python 3 calls otherwise.",
     "write the new name (2to3 finds them), or a newer version of the package that imports it; "
     "pip has no such package",
     74},
    {"python-too-old",
     "No module named",
     R"re(No module named '(tomllib|zoneinfo|graphlib|dataclasses|contextvars)')re",
     "{service} imports {1}, which the Python that runs it is too old for.",
     "run it with a newer Python (tomllib: 3.11, zoneinfo and graphlib: 3.9, dataclasses and "
     "contextvars: 3.7)",
     74},
    {"python-home-wrong",
     "No module named",
     R"re(No module named '?(encodings|codecs|abc|io|os|stat|site|re|enum|types|functools|collections|operator|traceback|tokenize|json|logging|datetime|asyncio|threading|subprocess|importlib|pathlib|typing|contextlib|inspect|urllib|http|email|html|xml|unittest|ssl|socket|select|selectors|queue|random|hashlib|hmac|secrets|csv|copy|shutil|tempfile|glob|fnmatch|struct|string|textwrap|argparse|configparser|time|math|heapq|weakref|warnings|multiprocessing|concurrent|sysconfig|platform|locale|pickle|zipfile|tarfile|gzip|uuid|ipaddress|mimetypes|pkgutil|runpy|signal|ast|calendar|itertools|wsgiref|xmlrpc|socketserver|smtplib|sqlite3|ctypes)'?$)re",
     "The Python of {service} does not find its own library, of which {1} is a part: {variable "
     "PYTHONHOME} names another place, or its installation is not whole.",
     "take PYTHONHOME out of the env of {service} (PYTHONPATH, too, if it names another Python), "
     "or make the virtual environment anew; pip can not bring {1}",
     80},
    {"python-home-wrong",
     "init_fs_encoding",
     R"re(init_fs_encoding: failed to get the Python codec of the filesystem encoding)re",
     "The Python of {service} does not find its own library: {variable PYTHONHOME} names another "
     "place, or its installation is not whole.",
     "take PYTHONHOME out of the env of {service} (PYTHONPATH, too, if it names another Python), "
     "or make the virtual environment anew",
     80},
    {"python-own-module-hidden",
     "No module named",
     R"re(No module named '((encodings|codecs|abc|io|os|stat|site|re|enum|types|functools|collections|operator|traceback|tokenize|json|logging|datetime|asyncio|threading|subprocess|importlib|pathlib|typing|contextlib|inspect|urllib|http|email|html|xml|unittest|ssl|socket|select|selectors|queue|random|hashlib|hmac|secrets|csv|copy|shutil|tempfile|glob|fnmatch|struct|string|textwrap|argparse|configparser|time|math|heapq|weakref|warnings|multiprocessing|concurrent|sysconfig|platform|locale|pickle|zipfile|tarfile|gzip|uuid|ipaddress|mimetypes|pkgutil|runpy|signal|ast|calendar|itertools|wsgiref|xmlrpc|socketserver|smtplib|sqlite3|ctypes)\.[\w.]+)')re",
     "{service} imports {1}, a part of Python itself, and does not find it: as a rule a file or "
     "directory {2} of its own hides Python's.",
     "see python3 -c \"import {2}; print({2})\" in {folder}, and rename what it names; pip can "
     "not bring {1}",
     70},
    {"python-spawn-runs-main",
     "context has already been set",
     R"re(RuntimeError: context has already been set)re",
     "A process that {service} starts by multiprocessing ends at once: with spawn it runs the "
     "main module again, which starts it outside of if __name__ == \"__main__\".",
     "put what starts processes, and all that it needs, under if __name__ == \"__main__\": in the "
     "main module",
     74,
     true},
    {"python-spawn-runs-main",
     "An attempt has been made to start a new process",
     R"re(An attempt has been made to start a new process before the)re",
     "A process that {service} starts by multiprocessing ends at once: with spawn it runs the "
     "main module again, which starts it outside of if __name__ == \"__main__\".",
     "put what starts processes, and all that it needs, under if __name__ == \"__main__\": in the "
     "main module",
     74,
     true},
    // ---- Time zones
    {"time-zone-unknown",
     "No time zone found with key",
     R"re(No time zone found with key ([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "UnknownTimeZoneError",
     R"re(UnknownTimeZoneError: '?([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "Incorrect timezone setting",
     R"re(Incorrect timezone setting: ([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "InvalidTimezoneIdentifier",
     R"re(Invalid identifier: ([\w/+-]+) \(TZInfo::InvalidTimezoneIdentifier\))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "Invalid Timezone: ",
     R"re(Invalid Timezone: ([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "Unknown time-zone ID",
     R"re(Unknown time-zone ID: ([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "unknown time zone ",
     R"re(unknown time zone ([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "nvalid time zone specified",
     R"re([Ii]nvalid time zone specified: ([\w/+-]+))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "nknown or bad timezone",
     R"re([Uu]nknown or bad timezone \(([\w/+-]+)\))re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "is invalid",
     R"re(Timezone ID '([^']+)' is invalid)re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "was not found on the local computer",
     R"re(time zone ID '([^']+)' was not found on the local computer)re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    {"time-zone-unknown",
     "parameter \"TimeZone\"",
     R"re(invalid value for parameter "TimeZone": "([^"]+)")re",
     "{service} asks for the time zone {1}{named 1}, which does not exist here.",
     "write one that exists (ls /usr/share/zoneinfo, or timedatectl list-timezones); where that "
     "directory is missing: apt-get install tzdata",
     76},
    // ---- Locales
    {"locale-not-utf8",
     "US-ASCII",
     R"re(invalid byte sequence in US-ASCII)re",
     "{service} (Ruby) takes text in UTF-8 for ASCII: {locale}.",
     "LC_ALL=C.UTF-8 (or LANG) in the env of {service}, or name the encoding where it reads: "
     "encoding: \"UTF-8\"",
     74},
    {"locale-not-utf8",
     "US-ASCII",
     R"re("\\x[0-9A-F]{2}" on US-ASCII)re",
     "{service} (Ruby) takes text in UTF-8 for ASCII: {locale}.",
     "LC_ALL=C.UTF-8 (or LANG) in the env of {service}, or name the encoding where it reads: "
     "encoding: \"UTF-8\"",
     74},
    {"locale-not-utf8",
     "US-ASCII",
     R"re(incompatible character encodings: (?:US-ASCII and UTF-8|UTF-8 and US-ASCII))re",
     "{service} (Ruby) takes text in UTF-8 for ASCII: {locale}.",
     "LC_ALL=C.UTF-8 (or LANG) in the env of {service}, or name the encoding where it reads: "
     "encoding: \"UTF-8\"",
     74},
    {"locale-not-utf8",
     "Malformed input or input contains unmappable characters",
     R"re(Malformed input or input contains unmappable characters: (.+))re",
     "{service} (Java) can not use a file name that is not ASCII: {locale}.",
     "LC_ALL=C.UTF-8 (or LANG) in the env of {service}",
     74},
    // ---- Limits and options of commands
    {"file-size-limit",
     "Errno 27",
     R"re(Errno 27\] File too large)re",
     "{service} has reached the limit of the size of a file that it may write ({limit f or ulimit "
     "-f}).",
     "raise that limit, or take it out; let it begin a new file before (cat /proc/PID/limits: Max "
     "file size)",
     74,
     true},
    {"file-size-limit",
     "EFBIG",
     R"re(EFBIG\b)re",
     "{service} has reached the limit of the size of a file that it may write ({limit f or ulimit "
     "-f}).",
     "raise that limit, or take it out; let it begin a new file before (cat /proc/PID/limits: Max "
     "file size)",
     74,
     true},
    {"file-size-limit",
     ": file too large",
     R"re(\bwrite \S+: file too large$)re",
     "{service} has reached the limit of the size of a file that it may write ({limit f or ulimit "
     "-f}).",
     "raise that limit, or take it out; let it begin a new file before (cat /proc/PID/limits: Max "
     "file size)",
     74,
     true},
    {"file-size-limit",
     "File size limit exceeded",
     R"re(File size limit exceeded)re",
     "{service} has reached the limit of the size of a file that it may write ({limit f or ulimit "
     "-f}).",
     "raise that limit, or take it out; let it begin a new file before (cat /proc/PID/limits: Max "
     "file size)",
     74,
     true},
    {"inotify-instances",
     "atch",
     R"re(EMFILE: too many open files, watch)re",
     "{service} can not watch its files: its user has no inotify instance left "
     "(fs.inotify.max_user_instances), which Node.js calls too many open files.",
     "end what has so many (find /proc/[0-9]*/fd -lname anon_inode:inotify shows whose they are), "
     "or sudo sysctl fs.inotify.max_user_instances=512; ulimits.nofile does not help",
     78},
    {"inotify-instances",
     "inotify",
     R"re((?:inotify instance limit reached|number of inotify instances has been reached|inotify_init1?\b.*(?:[Tt]oo many open files|EMFILE)))re",
     "{service} can not watch its files: its user has no inotify instance left "
     "(fs.inotify.max_user_instances).",
     "end what has so many (find /proc/[0-9]*/fd -lname anon_inode:inotify shows whose they are), "
     "or sudo sysctl fs.inotify.max_user_instances=512; ulimits.nofile does not help",
     78},
    {"memcached-connections",
     "evsig_init_",
     R"re(evsig_init_: socketpair: Too many open files)re",
     "{service} can not even start with so few file descriptors: memcached lowers its limit to "
     "what {option -c} says.",
     "-c 1024 in the command of {service} (ulimits.nofile does not help)",
     80},
    {"directory-missing",
     "Can't create workertmp",
     R"re(RuntimeError: (\S+) doesn't exist\. Can't create workertmp)re",
     "The directory {1}{named 1}, where {service} (gunicorn) keeps files of its workers, does not "
     "exist.",
     "correct --worker-tmp-dir: /dev/shm, or leave it out",
     76},
    {"gunicorn-worker-class",
     "class uri",
     R"re(class uri '([^']+)' invalid or not found)re",
     "{service} (gunicorn) can not load its worker class {1}{named 1}.",
     "install its package (uvicorn for uvicorn.workers.UvicornWorker, gunicorn[gevent] for "
     "gevent), or correct -k; the lines below it tell why",
     68},
    {"gunicorn-worker-class",
     " worker requires ",
     R"re(RuntimeError: (gevent|eventlet) worker requires \S+ (\S+) or higher)re",
     "{service} (gunicorn) is to work with {1}, which is not installed in version {2} or higher.",
     "pip install gunicorn[{1}] in the environment of {service}, or leave -k {1} out of its "
     "command",
     76},
    {"env-file-missing",
     "node: ",
     R"re(^node: (\S+): not found$)re",
     "{1}, which node is told to read by {option --env-file}, does not exist in {folder}.",
     "make {1} (cp .env.example {1}, if there is one), or correct --env-file in the command of "
     "{service}",
     80},
    {"env-file-missing",
     "couldn't find env file",
     R"re(couldn't find env file: (\S+))re",
     "{1}, which {service} is told to read by {option --env-file}, does not exist.",
     "make it, or correct --env-file in the command of {service}",
     80},
    {"env-file-missing",
     "MISSING_ENV_FILE",
     R"re(\[MISSING_ENV_FILE\] missing (\S+) file)re",
     "{1}{named 1}, which {service} is told to read by dotenvx, does not exist.",
     "make it, or correct -f in the command of {service}",
     80},
    {"env-file-missing",
     "--env-file",
     R"re(Invalid value for '--env-file': (?:Path|File) '([^']+)' does not exist)re",
     "{1}, which {service} is told to read by {option --env-file}, does not exist in {folder}.",
     "make {1} (cp .env.example {1}, if there is one), or correct --env-file in the command of "
     "{service}",
     80},
    {"file-missing",
     "Invalid value for '",
     R"re(Invalid value for '([^']+)': (?:Path|File|Directory) '([^']+)' does not exist)re",
     "{service} is started with {1} {2}, which does not exist in {folder}.",
     "correct {1} in the command of {service}, or its working directory",
     76},
};

}  // namespace

std::span<const LogKnowledge> log_knowledge_of_limits() {
    return table;
}

}  // namespace devstack::core::doctor
