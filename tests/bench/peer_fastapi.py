"""The peer of tests/bench/daemon.sh: FastAPI as its manual has it, async, one row of SQLite read for each request, answered as JSON of
about the size of monitorTrainingProgress. Two processes under uvicorn, started by the benchmark only."""
import json
import os
import sqlite3

from fastapi import FastAPI

db = sqlite3.connect(os.environ["PEER_DB"], isolation_level=None, check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, status TEXT, progress TEXT, metrics TEXT)")
db.execute(
    "INSERT OR REPLACE INTO jobs VALUES ('job_1', 'running', ?, ?)",
    (
        json.dumps({"current_epoch": 5, "total_epochs": 10, "current_step": 500, "total_steps": 1000, "percent_complete": 50,
                    "estimated_time_remaining_ms": 150000}),
        json.dumps({"loss": 0.25, "accuracy": 0.87, "validation_loss": 0.27, "validation_accuracy": 0.86, "learning_rate": 0.0008,
                    "token_usage": 75000}),
    ),
)
app = FastAPI()


@app.get("/monitor/{job_id}")
async def monitor(job_id: str):
    row = db.execute("SELECT status, progress, metrics FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return {"success": True, "data": {"job_id": job_id, "status": row[0], "progress": json.loads(row[1]), "metrics": json.loads(row[2])}}
