"""One name for what the HTTP libraries call differently: a status, a timeout, a broken connection."""

import asyncio
import builtins
import concurrent.futures
import http.client
import json
import socket
import urllib.error

import aiohttp
import httpx
import requests

STATUS = (requests.HTTPError, httpx.HTTPStatusError, urllib.error.HTTPError)
JSON = (json.JSONDecodeError, requests.JSONDecodeError, aiohttp.ContentTypeError)
TIMEOUT = (
    requests.Timeout,
    httpx.TimeoutException,
    asyncio.TimeoutError,
    builtins.TimeoutError,
    concurrent.futures.TimeoutError,
    socket.timeout,
)
REDIRECTS = (requests.TooManyRedirects, aiohttp.TooManyRedirects, httpx.TooManyRedirects)
URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    aiohttp.InvalidURL,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
)
CONNECTION = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    aiohttp.ClientConnectionError,
    aiohttp.ClientPayloadError,
    httpx.TransportError,
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
)
CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


def name_of(error):
    """As it is compared, when the program dies of it."""
    return kind_of(error) or "%s: %s" % (type(error).__name__, error)


def kind_of(error):
    if isinstance(error, JSON):
        return "an HTTP body that is not JSON"
    if isinstance(error, REDIRECTS):
        return "too many redirects"
    if isinstance(error, aiohttp.ClientResponseError):
        return "HTTP status %s" % error.status
    if isinstance(error, STATUS):
        response = getattr(error, "response", None)
        code = getattr(error, "code", None) if response is None else response.status_code
        return "HTTP status %s" % code
    if isinstance(error, TIMEOUT) or isinstance(getattr(error, "reason", None), TIMEOUT):
        return "a timeout"
    if isinstance(error, URL):
        return "a URL that cannot be requested"
    if isinstance(error, CONNECTION):
        return "a connection that broke"
    if isinstance(error, CANCELLED):
        return "cancelled"
    return None


def give_names_to_http_errors():
    """The texts of HTTP errors are the libraries' own: programs that print them print the same word before and after."""
    bases = (requests.RequestException, aiohttp.ClientError, httpx.HTTPError, urllib.error.URLError, json.JSONDecodeError)
    for base in bases:
        for kind in {base, *subclasses(base)}:
            kind.__str__ = lambda error: "<%s>" % (kind_of(error) or "HTTP error")
            kind.__repr__ = kind.__str__


def subclasses(base):
    for kind in base.__subclasses__():
        yield kind
        yield from subclasses(kind)


def ask_once():
    """aiohttp repeats a request once when its connection breaks, which requests does not: one failure of the server is one failure."""
    begin = aiohttp.ClientSession.__init__

    def __init__(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        self._retry_connection = False

    aiohttp.ClientSession.__init__ = __init__
