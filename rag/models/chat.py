"""What does the language model say?

Chat Completions over the openai client: the part of the protocol that OpenAI, llama.cpp, vLLM,
Ollama and LM Studio share.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rag.cancellation import Cancellation, iterate_in_thread
from rag.errors import ModelInterrupted, ModelRefused, SettingsError, printable_line
from rag.models.openai_client import (
    COMPATIBLE,
    EMBEDDED,
    MAX_MESSAGE_CHARS,
    OPENAI,
    OpenAIServer,
    encodable,
)
from rag.settings import OPENAI_MODEL, OPENAI_URL, Settings
from rag.types import Delta, Message, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import Choice
    from pydantic import BaseModel

    Reply = TypeVar("Reply", bound=BaseModel)

Limit = Literal["max_tokens", "max_completion_tokens"]

HOSTED_BUDGET_TOKENS = 3000  # tokens of passages
LOCAL_BUDGET_TOKENS = 300  # a small model picks the wrong sentence out of more
MAX_ALTERNATIVES = 10
THINKING_TOKENS = 4000


class OpenAIChat:
    """A `ChatModel` on a server.

    `logprobs` asks for the first token's alternatives. `limit` is the server's word for the
    longest reply; `thinking_tokens` are added to it where a model's unseen reasoning counts.
    `temperature` is sent only if given, `extra` as it is. What the server refuses of the
    optional parameters is not sent to it again.
    """

    def __init__(
        self,
        server: OpenAIServer,
        name: str,
        *,
        budget_tokens: int,
        temperature: float | None = None,
        logprobs: bool = False,
        limit: Limit = "max_tokens",
        thinking_tokens: int = 0,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.name = name
        self.budget_tokens = budget_tokens
        self._server = server
        self._limit = limit
        self._thinking_tokens = thinking_tokens
        self._fixed: dict[str, Any] = {"extra_body": dict(extra or {})}
        if temperature is not None:
            self._fixed["temperature"] = temperature
        self._optional: dict[str, Any] = {"stream_options": {"include_usage": True}}
        if logprobs:
            self._optional |= {"logprobs": True, "top_logprobs": MAX_ALTERNATIVES}

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        cancellation: Cancellation | None = None,
    ) -> Generator[Delta, None, None]:
        """Yield the reply as it is written; the last piece carries the usage and no text.

        Closing the iterator closes the connection, which ends the request on the server; so does
        `cancellation`. Raises `ModelAuthError`, `ModelUnreachable`, `ModelTimeout`,
        `ModelInterrupted`, `ModelRefused` or `Stopped`.
        """
        with self._server.explained(self.name):
            yield from iterate_in_thread(self._deltas(messages, max_tokens), cancellation)

    async def _deltas(
        self, messages: Sequence[Message], max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        async with (
            self._server.connect() as client,
            await self._open(client, messages, max_tokens) as reply,
        ):
            async for delta in self._read(reply):
                yield delta

    def structured(
        self, messages: Sequence[Message], reply: type[Reply], *, max_tokens: int
    ) -> Reply:
        """The whole reply as a value of `reply`, whose JSON schema the server is given.

        The server's word is not taken for it: what does not validate is a `ModelRefused`.
        """
        schema = {"name": reply.__name__, "schema": reply.model_json_schema(), "strict": True}
        form = {"response_format": {"type": "json_schema", "json_schema": schema}}
        with self._server.explained(self.name):
            choice = self._completed(messages, max_tokens, form).choices[0]
            text = choice.message.content or ""
            _check_finish(choice.finish_reason or "stop", bool(text))
            if refusal := choice.message.refusal:
                problem = f"The model refused: {printable_line(refusal)[:MAX_MESSAGE_CHARS]}"
                raise ModelRefused(problem, "Ask in other words, or ask another model.")
            try:
                return reply.model_validate_json(text)
            except ValueError as error:
                raise ModelRefused(
                    f"The model's reply is not a valid {reply.__name__}.",
                    "Ask again, or use a model that supports structured output.",
                ) from error

    def _completed(
        self, messages: Sequence[Message], max_tokens: int, form: dict[str, Any]
    ) -> ChatCompletion:
        from openai import BadRequestError, UnprocessableEntityError

        while True:
            request = self._request(messages, max_tokens) | form
            try:
                reply: ChatCompletion = self._server.client.chat.completions.create(**request)
            except (BadRequestError, UnprocessableEntityError) as error:
                if not self._give_way(f"{error.param} {error.message}"):
                    raise
            else:
                return reply

    def _request(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": [
                {"role": each.role, "content": encodable(each.content)} for each in messages
            ],
            self._limit: max_tokens + self._thinking_tokens,
            **self._fixed,
        }

    async def _open(
        self, client: AsyncOpenAI, messages: Sequence[Message], max_tokens: int
    ) -> AsyncStream[ChatCompletionChunk]:
        from openai import BadRequestError, PermissionDeniedError, UnprocessableEntityError

        while True:
            request = self._request(messages, max_tokens) | self._optional
            try:
                reply: AsyncStream[ChatCompletionChunk]
                reply = await client.chat.completions.create(**request, stream=True)
            except (BadRequestError, PermissionDeniedError, UnprocessableEntityError) as error:
                if not self._give_way(f"{error.param} {error.message}"):
                    raise
            else:
                return reply

    def _give_way(self, complaint: str) -> bool:
        """Stop sending the parameter that the server complains of; False if none is left."""
        if self._limit == "max_tokens" and "max_completion_tokens" in complaint:
            self._limit = "max_completion_tokens"
            return True
        named = [key for key in ("stream_options", "logprobs") if key in complaint]
        rest = {
            key: value
            for key, value in self._optional.items()
            if not any(key.endswith(name) for name in named)
        }
        gave, self._optional = len(rest) < len(self._optional), rest
        return gave

    async def _read(self, reply: AsyncStream[ChatCompletionChunk]) -> AsyncIterator[Delta]:
        heard = spoke = False
        finish: str | None = None
        usage: Usage | None = None
        async for chunk in reply:
            heard = True
            usage = _usage(chunk.usage) or usage
            for choice in chunk.choices[:1]:
                finish = choice.finish_reason or finish
                delta = Delta(_text(choice), {} if spoke else _alternatives(choice))
                if delta.text or delta.alternatives:
                    spoke = True
                    yield delta
        if not heard and "event-stream" not in reply.response.headers.get("content-type", ""):
            raise self._server.nonsense()
        _check_finish(finish, spoke)
        if usage:
            yield Delta("", usage=usage)


def passage_budget(settings: Settings) -> int:
    """How many tokens of passages serve the model of these settings best."""
    own = LOCAL_BUDGET_TOKENS if settings.provider == "local" else HOSTED_BUDGET_TOKENS
    return settings.budget_tokens or own


def hosted_chat(settings: Settings) -> OpenAIChat:
    """The chat model of the providers "openai" and "compatible".

    Asks a compatible server for its first model when the settings name none. Raises as
    `Chat.stream` does, and `SettingsError` when there is no model to name.
    """
    key = settings.chat_key
    budget = passage_budget(settings)
    if settings.provider == "openai":
        return OpenAIChat(
            OpenAIServer(OPENAI_URL, key, settings.timeout_s, OPENAI),
            settings.model or OPENAI_MODEL,
            budget_tokens=budget,
            temperature=settings.temperature,
            limit="max_completion_tokens",
            # OpenAI counts a model's unseen reasoning too: a tight limit leaves no answer.
            thinking_tokens=THINKING_TOKENS,
        )
    server = OpenAIServer(settings.llm_base_url or OPENAI_URL, key, settings.timeout_s, COMPATIBLE)
    return OpenAIChat(
        server,
        settings.model or _first_model(server),
        budget_tokens=budget,
        temperature=settings.temperature,
        logprobs=True,
    )


def local_chat(base_url: str, api_key: str, name: str, settings: Settings) -> OpenAIChat:
    """The chat model of `rag.models.llama_server.LocalServer`: greedy, with the prompt's prefix
    cached."""
    return OpenAIChat(
        OpenAIServer(base_url, api_key, settings.timeout_s, EMBEDDED, retries=0),
        name,
        budget_tokens=passage_budget(settings),
        temperature=settings.temperature or 0.0,
        logprobs=True,
        extra={"cache_prompt": True},
    )


def _first_model(server: OpenAIServer) -> str:
    remedy = "Set FOOTNOTE_MODEL to the model you want."
    try:
        with server.explained("(the first one)"):
            models = [str(model.id) for model in server.client.models.list().data or ()]
    except ModelRefused as error:
        raise ModelRefused("The server does not say which models it has.", remedy) from error
    if not models:
        raise SettingsError("The server lists no model.", remedy)
    return models[0]


def _text(choice: Choice) -> str:
    text = choice.delta.content  # reasoning_content, where a server sends it, is not the answer
    if text is not None and not isinstance(text, str):
        raise TypeError("content is not text")
    return text or ""


def _alternatives(choice: Choice) -> dict[str, float]:
    tokens = choice.logprobs.content if choice.logprobs else None
    if not tokens:
        return {}
    return {each.token: float(each.logprob) for each in reversed(tokens[0].top_logprobs)}


def _usage(usage: CompletionUsage | None) -> Usage | None:
    if usage is None:
        return None
    details = usage.prompt_tokens_details
    cached = details.cached_tokens if details else 0
    return Usage(usage.prompt_tokens or 0, cached or 0, usage.completion_tokens or 0)


def _check_finish(finish: str | None, spoke: bool) -> None:
    if finish is None:
        raise ModelInterrupted("The reply broke off.", "Ask again.")
    if finish == "content_filter":
        raise ModelRefused("The server's content filter cut the reply.", "Ask in other words.")
    if finish == "length" and not spoke:
        raise ModelRefused(
            "The model used the whole length of its reply for reasoning.",
            "Raise FOOTNOTE_MAX_TOKENS, or use a model that does not reason.",
        )
