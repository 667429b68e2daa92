"""A whole bot for examples/flows/bot.toml: takes orders. FLOW_CALL_HMAC_SECRET=... python3 examples/bot.py"""
import hashlib, hmac, json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["FLOW_CALL_HMAC_SECRET"].encode()
ANSWERS = {}  # by idempotency key: a call that comes again gets the same answer, and nothing is done twice

def answer(call):
    text, basket = call["message"]["text"].strip(), call["variables"].get("basket", "")
    if text.lower() == "done" and basket:
        return {"say": f"Thank you! We'll prepare {basket}.", "end": "ordered"}
    if call["variables"].get("greeted"):
        basket = f"{basket} and {text}" if basket else text
        return {"say": f"Noted: {basket}. Anything else? If not, write 'done'.", "set": {"basket": basket}}
    return {"say": ["Hello " + (call["name"] or "there") + "!", "What would you like?"], "set": {"greeted": True}}

class Bot(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = hmac.new(SECRET, body, hashlib.sha512).hexdigest()
        if not hmac.compare_digest(signature, self.headers.get("X-Webhook-Hmac", "")):
            return self.send_error(401)
        call = json.loads(body)
        key = call["idempotency_key"]
        ANSWERS[key] = ANSWERS.get(key) or answer(call)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(ANSWERS[key]).encode())

ThreadingHTTPServer(("127.0.0.1", 9000), Bot).serve_forever()
