"""The page at `/`."""

from __future__ import annotations

from html import escape

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>IVCS reference application</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}
  td, th {{ text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top; }}
</style>
<h1>IVCS reference application</h1>
<p>This is not the product itself. It is a small open application with the services, database and file storage
of a head server, so that the cluster beneath it can be shown and tested.</p>
<table>
{rows}
</table>
<p><a href="/api/health">health</a> · <a href="/api/conferences">conferences</a>
· <a href="/api/files">files</a></p>
</html>
"""


def status_page(state: dict[str, object]) -> str:
    """HTML of the state that /api/health shows."""
    rows = {"Answered by": state["host"], "State": "healthy" if state["healthy"] else "something is missing"}
    for name, title in (
        ("public", "Public address"),
        ("database", "Database"),
        ("filestorage", "File storage"),
    ):
        part = state[name]
        assert isinstance(part, dict)
        rows[title] = ", ".join(f"{key}: {value}" for key, value in part.items() if value not in {"", None})
    lines = (f"<tr><th>{escape(title)}</th><td>{escape(str(text))}</td></tr>" for title, text in rows.items())
    return PAGE.format(rows="\n".join(lines))
