"""The little of SIP (RFC 3261) that a liveness check needs."""

from __future__ import annotations

COPIED_HEADERS = {"via", "v", "from", "f", "to", "t", "call-id", "i", "cseq"}
END_OF_HEADERS = b"\r\n\r\n"
SERVER = "IVCS reference (no calls)"


def reply_to(request: bytes) -> bytes | None:
    """200 for OPTIONS, 501 for other requests, None for what is no request or wants no answer."""
    lines = request.split(END_OF_HEADERS, 1)[0].decode("utf-8", "replace").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[2] != "SIP/2.0" or words[0] == "ACK":
        return None
    status = "200 OK" if words[0] == "OPTIONS" else "501 Not Implemented"
    copied = [line for line in lines[1:] if line.partition(":")[0].strip().lower() in COPIED_HEADERS]
    headers = (*copied, "Allow: OPTIONS", f"Server: {SERVER}", "Content-Length: 0")
    return "\r\n".join((f"SIP/2.0 {status}", *headers)).encode() + END_OF_HEADERS
