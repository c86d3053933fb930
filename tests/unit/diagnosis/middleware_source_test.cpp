// Functions of Express and Koa that keep a request from its answer, by their source.

#include "diagnosis/middleware_source.hpp"

#include "support/catch.hpp"

using devstack::diagnosis::find_faulty_middleware;

namespace {

/// "name:line:at fault route" of each.
std::string faults(const std::string& source) {
    std::string text;
    for (const auto& it : find_faulty_middleware(source)) {
        text += it.name + ":" + std::to_string(it.line) + ":" + std::to_string(it.at) + " " +
                it.fault + (it.route.empty() ? "" : " " + it.route) +
                (it.is_of_other_method ? " other" : "") + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("a way through a middleware that leads nowhere is found", "[unit][diagnosis]") {
    CHECK(faults("exports.tenant = function tenant (req, res, next) {\n"
                 "  const id = req.get('x-tenant-id')\n"
                 "  if (id) {\n"
                 "    req.tenant = id\n"
                 "    next()\n"
                 "  }\n"
                 "}\n") == "tenant:1:3 no next\n");
    CHECK(faults("const log = (req, res, next) => { console.log(req.url) }\n") ==
          "log:1:1 no next\n");
    CHECK(faults("app.use('/admin', (req, res, next) => {\n"
                 "  if (!req.user) return\n"
                 "  next()\n"
                 "})\n") == ":1:2 no next /admin\n");
    CHECK(faults("function age(req: Request, res: Response, next: NextFunction): void {\n"
                 "  if (req.age > 18) next(); else if (req.age > 12) { res.end('no') }\n"
                 "}\n"
                 "app.post(\"/beer\", age, beer)\n") == "age:1:2 no next /beer other\n");
}

TEST_CASE("middleware that answers or goes on is not", "[unit][diagnosis]") {
    for (const char* body : {"next()",
                             "if (id) next(); else res.status(400).end()",
                             "if (!id) { return res.status(400).end('next') }\n next()",
                             "if (!id) { res.sendStatus(400); return }\n next()",
                             "load(id).then(it => { req.it = it; next() }, next)",
                             "load(id, err => { if (err) return next(err); next() })",
                             "try { check(req) } catch (e) { return next(e) }\n next()",
                             "throw new Error('no')",
                             "return handle(req)",
                             "if (res.headersSent) return\n next()",
                             "switch (req.method) { case 'GET': return next() }\n res.end()",
                             "req\n  .check()\n  .then(() => next())",
                             "// if (id) next()\n next()",
                             "if (/[{(]/.test(req.url)) return next('}')\n next()",
                             "forward(req, res)"}) {
        INFO(body);
        CHECK(faults("const it = (req, res, next) => {\n" + std::string{body} + "\n}\n").empty());
    }
    CHECK(faults("each(list, (item, index, next) => { if (item) next() })").empty());
    CHECK(faults("const it = (err, req, res, next) => { if (err) next(err) }").empty());
}

TEST_CASE("a next() of Koa that nobody waits for is found", "[unit][diagnosis]") {
    CHECK(faults("app.use((ctx,next)=>{ ctx.set('x-req','1'); next() })") == ":1:1 no await\n");
    CHECK(faults("async function time(ctx, next) {\n  start()\n  next()\n}\n") ==
          "time:1:3 no await\n");
    for (const char* body : {"await next()",
                             "return next()",
                             "return next().then(done)",
                             "const it = next(); return it",
                             "next().then(done)",
                             "// next()",
                             "return ctx.ok ? next() : refuse()"}) {
        INFO(body);
        CHECK(faults("app.use(async (ctx, next) => { " + std::string{body} + "\n })").empty());
    }
}
