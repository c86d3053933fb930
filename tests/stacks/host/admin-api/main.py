"""Keeps the templates in SQLite. Run by uvicorn: main:app."""
import os
import sqlite3

from fastapi import FastAPI

app = FastAPI()


def database():
    return sqlite3.connect(os.environ["DATABASE"], timeout=2)


with database() as start:
    start.execute("CREATE TABLE IF NOT EXISTS template (name TEXT PRIMARY KEY)")
    start.executemany("INSERT OR IGNORE INTO template VALUES (?)", [("banana",), ("postcard",)])


@app.get("/health")
def health():
    with database() as db:
        db.execute("SELECT 1 FROM template LIMIT 1")
    return {"ok": True}


@app.get("/api/templates")
def templates():
    with database() as db:
        return {"templates": [row[0] for row in db.execute("SELECT name FROM template ORDER BY name")]}


@app.put("/api/templates/{name}")
def add(name: str):
    with database() as db:
        db.execute("INSERT OR IGNORE INTO template VALUES (?)", (name,))
    return {"added": name}
