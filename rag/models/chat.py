"""Chat models on OpenAI-compatible servers.

Uses the part of Chat Completions that OpenAI, llama.cpp, vLLM, Ollama and LM Studio share.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rag.cancellation import Cancellation, iterate_in_thread
from rag.errors import ModelInterrupted, ModelRefused, SettingsError, printable_line
from rag.models.openai_client import (
    COMPATIBLE_REMEDIES,
    LOCAL_REMEDIES,
    MAX_MESSAGE_CHARS,
    OPENAI_REMEDIES,
    OpenAIServer,
    replace_surrogates,
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

LimitParameter = Literal["max_tokens", "max_completion_tokens"]

HOSTED_BUDGET_TOKENS = 3000  # of passages in a prompt
LOCAL_BUDGET_TOKENS = 300  # a small model picks the wrong sentence out of more
MAX_ALTERNATIVES = 10  # tokens with their log probabilities; OpenAI gives 20 at most
REASONING_TOKENS = 4000  # added to the length of a reply, for reasoning that is not shown


class OpenAIChat:
    """A `ChatModel` on a server.

    `name` is the model's; `budget_tokens` is how many tokens of passages serve it best.
    `temperature` (0..2) is sent only if given: some models refuse it. `logprobs` requests the
    alternatives to a reply's first token. `limit_parameter` is what the server calls the longest
    reply; `reasoning_tokens` are added to it where a model's hidden reasoning counts. `extra` goes
    into the request's body as it is. An optional parameter that the server refuses is not sent to
    it again.
    """

    def __init__(
        self,
        server: OpenAIServer,
        name: str,
        *,
        budget_tokens: int,
        temperature: float | None = None,
        logprobs: bool = False,
        limit_parameter: LimitParameter = "max_tokens",
        reasoning_tokens: int = 0,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.name = name
        self.budget_tokens = budget_tokens
        self._server = server
        self._limit_parameter = limit_parameter
        self._reasoning_tokens = reasoning_tokens
        self._required_parameters: dict[str, Any] = {"extra_body": dict(extra or {})}
        if temperature is not None:
            self._required_parameters["temperature"] = temperature
        self._optional_parameters: dict[str, Any] = {"stream_options": {"include_usage": True}}
        if logprobs:
            self._optional_parameters |= {"logprobs": True, "top_logprobs": MAX_ALTERNATIVES}

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
        `ModelInterrupted`, `ModelRefused` or `Cancelled`.
        """
        with self._server.translate_errors(self.name):
            yield from iterate_in_thread(self._stream_deltas(messages, max_tokens), cancellation)

    async def _stream_deltas(
        self, messages: Sequence[Message], max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        async with (
            self._server.request_client() as client,
            await self._open_stream(client, messages, max_tokens) as reply,
        ):
            async for delta in self._read_deltas(reply):
                yield delta

    def structured(
        self, messages: Sequence[Message], reply: type[Reply], *, max_tokens: int
    ) -> Reply:
        """The whole reply as a value of `reply`, whose JSON schema is sent to the server.

        The reply is validated here too. Raises as `stream` does, and `ModelRefused` for a reply
        that does not validate.
        """
        schema = {"name": reply.__name__, "schema": reply.model_json_schema(), "strict": True}
        response_format = {"response_format": {"type": "json_schema", "json_schema": schema}}
        with self._server.translate_errors(self.name):
            choice = self._complete(messages, max_tokens, response_format).choices[0]
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

    def _complete(
        self, messages: Sequence[Message], max_tokens: int, response_format: dict[str, Any]
    ) -> ChatCompletion:
        from openai import BadRequestError, UnprocessableEntityError

        while True:
            request = self._request(messages, max_tokens) | response_format
            try:
                reply: ChatCompletion = self._server.client.chat.completions.create(**request)
            except (BadRequestError, UnprocessableEntityError) as error:
                if not self._drop_refused_parameter(f"{error.param} {error.message}"):
                    raise
            else:
                return reply

    def _request(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        return {
            "model": self.name,
            "messages": [
                {"role": each.role, "content": replace_surrogates(each.content)}
                for each in messages
            ],
            self._limit_parameter: max_tokens + self._reasoning_tokens,
            **self._required_parameters,
        }

    async def _open_stream(
        self, client: AsyncOpenAI, messages: Sequence[Message], max_tokens: int
    ) -> AsyncStream[ChatCompletionChunk]:
        from openai import BadRequestError, PermissionDeniedError, UnprocessableEntityError

        while True:
            request = self._request(messages, max_tokens) | self._optional_parameters
            try:
                reply: AsyncStream[ChatCompletionChunk]
                reply = await client.chat.completions.create(**request, stream=True)
            except (BadRequestError, PermissionDeniedError, UnprocessableEntityError) as error:
                if not self._drop_refused_parameter(f"{error.param} {error.message}"):
                    raise
            else:
                return reply

    def _drop_refused_parameter(self, complaint: str) -> bool:
        """Stop sending the optional parameter that `complaint` names; False where it names none."""
        if self._limit_parameter == "max_tokens" and "max_completion_tokens" in complaint:
            self._limit_parameter = "max_completion_tokens"
            return True
        complaint = complaint.replace("top_n_tokens", "top_logprobs")  # as TGI calls them
        refused = [name for name in ("stream_options", "logprobs") if name in complaint]
        kept = {
            name: value
            for name, value in self._optional_parameters.items()
            if not any(name.endswith(end) for end in refused)  # also "top_logprobs"
        }
        has_changed = len(kept) < len(self._optional_parameters)
        self._optional_parameters = kept
        return has_changed

    async def _read_deltas(self, reply: AsyncStream[ChatCompletionChunk]) -> AsyncIterator[Delta]:
        received = has_text = False
        finish: str | None = None
        usage: Usage | None = None
        async for chunk in reply:
            received = True
            usage = _usage(chunk.usage) or usage
            for choice in chunk.choices[:1]:
                finish = choice.finish_reason or finish
                delta = Delta(_delta_text(choice), {} if has_text else _alternatives(choice))
                if delta.text or delta.alternatives:
                    has_text = True
                    yield delta
        if not received and "event-stream" not in reply.response.headers.get("content-type", ""):
            raise self._server.protocol_error()
        _check_finish(finish, has_text)
        if usage:
            yield Delta("", usage=usage)


def passage_budget(settings: Settings) -> int:
    """How many tokens of passages serve the chat model of these settings best."""
    default = (
        LOCAL_BUDGET_TOKENS if settings.provider in ("local", "none") else HOSTED_BUDGET_TOKENS
    )
    return settings.budget_tokens or default


def hosted_chat(settings: Settings) -> OpenAIChat:
    """The chat model of the providers "openai" and "compatible".

    When the settings name no model, a compatible server is asked for its list and the first one is
    taken. Raises as `OpenAIChat.stream` does, and `SettingsError` when the list is empty.
    """
    key = settings.chat_key
    budget = passage_budget(settings)
    if settings.provider == "openai":
        return OpenAIChat(
            OpenAIServer(OPENAI_URL, key, settings.timeout_s, OPENAI_REMEDIES),
            settings.model or OPENAI_MODEL,
            budget_tokens=budget,
            temperature=settings.temperature,
            limit_parameter="max_completion_tokens",
            # OpenAI counts a model's unseen reasoning too: a tight limit leaves no answer.
            reasoning_tokens=REASONING_TOKENS,
        )
    server = OpenAIServer(
        settings.llm_base_url or OPENAI_URL, key, settings.timeout_s, COMPATIBLE_REMEDIES
    )
    return OpenAIChat(
        server,
        settings.model or _first_model(server),
        budget_tokens=budget,
        temperature=settings.temperature,
        logprobs=True,
    )


def local_chat(base_url: str, api_key: str, name: str, settings: Settings) -> OpenAIChat:
    """The chat model called `name` on a `rag.models.llama_server.LocalServer` at `base_url`.

    Greedy unless the settings give a temperature; the server caches the prompt's prefix.
    """
    return OpenAIChat(
        OpenAIServer(base_url, api_key, settings.timeout_s, LOCAL_REMEDIES, retries=0),
        name,
        budget_tokens=passage_budget(settings),
        temperature=settings.temperature or 0.0,
        logprobs=True,
        extra={"cache_prompt": True},
    )


def _first_model(server: OpenAIServer) -> str:
    remedy = "Set FOOTNOTE_MODEL to the model you want."
    try:
        with server.translate_errors("(the first one)"):
            models = [str(model.id) for model in server.client.models.list().data or ()]
    except ModelRefused as error:
        raise ModelRefused("The server does not say which models it has.", remedy) from error
    if not models:
        raise SettingsError("The server lists no model.", remedy)
    return models[0]


def _delta_text(choice: Choice) -> str:
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


def _check_finish(finish: str | None, has_text: bool) -> None:
    if finish is None:
        raise ModelInterrupted("The reply broke off.", "Ask again.")
    if finish == "content_filter":
        raise ModelRefused("The server's content filter cut the reply.", "Ask in other words.")
    if finish == "length" and not has_text:
        raise ModelRefused(
            "The model used the whole length of its reply for reasoning.",
            "Raise FOOTNOTE_MAX_TOKENS, or use a model that does not reason.",
        )
