"""What the evaluation needs to see of the inside of this package.

For measuring only: `eval` runs retrieval, checks and comparisons by themselves, and fits their
weights. Any of these names may change with any version; a program uses those of `rag`.
"""

# isort: skip_file
# One name a line, so that changes of several people merge.

from rag import prompts
from rag.answering.article_chance import WEIGHTS as ARTICLE_CHANCE_FILE
from rag.answering.article_chance import ArticleWeights
from rag.answering.article_chance import load_article_weights
from rag.answering.article_reader import ArticleReader
from rag.answering.article_reader import ArticleReading
from rag.answering.model_requests import ask_if_answered
from rag.answering.model_requests import ask_short_answer
from rag.build import build
from rag.checking.answerability import WEIGHTS as ANSWERABILITY_FILE
from rag.checking.answerability import Answerability
from rag.checking.answerability import AnswerabilityWeights
from rag.checking.answerability import LikenessWeights as LikenessModel
from rag.checking.answerability import Weights as AnswerabilityModel
from rag.checking.answerability import log_odds
from rag.checking.checker import Checker
from rag.checking.features import NAMES as FEATURE_NAMES
from rag.checking.features import Features
from rag.checking.features import Name as FeatureName
from rag.checking.question_match import is_plausible_short_answer
from rag.checking.rules import reasons_against
from rag.checking.scorer import WEIGHTS as SCORER_FILE
from rag.checking.scorer import Scorer, TextKind
from rag.checking.scorer import Weight as ScorerWeight
from rag.checking.scorer import Weights as ScorerModel
from rag.checking.scorer import least as lowest_score
from rag.checking.scorer import overall as overall_score
from rag.conflicts.comparison import SentenceInContext
from rag.conflicts.comparison import find_contradictions
from rag.conflicts.comparison import read_in_context
from rag.conflicts.comparison import sentences_of_others
from rag.conflicts.contradictions import Contradiction
from rag.conflicts.contradictions import are_far_apart
from rag.conflicts.differences import Point
from rag.conflicts.near_copies import find_near_copies
from rag.conflicts.other_answers import GivenAnswer
from rag.conflicts.other_answers import find_contradictions as find_other_answers
from rag.conflicts.pair_features import NAMES as PAIR_FEATURE_NAMES
from rag.conflicts.pair_features import Features as PairFeatures
from rag.conflicts.pair_scorer import WEIGHTS as PAIR_SCORER_FILE
from rag.conflicts.pair_scorer import PairScorer
from rag.conflicts.pair_scorer import Weights as PairModel
from rag.ingest import pipeline
from rag.ingest.chunking import chunk_document
from rag.ingest.chunking import embedding_text
from rag.ingest.preparation import Preparer
from rag.ingest.preparation import ThreadPreparer
from rag.ingest.ray_workers import RayPreparer
from rag.ingest.readers import read_page
from rag.ingest.suggestions import WordForms
from rag.ingest.suggestions import short_title
from rag.ingest.suggestions import stands_alone
from rag.ingest.suggestions import suggest
from rag.ingest.reading_process import ReadingProcess
from rag.models.chat import HOSTED_BUDGET_TOKENS
from rag.models.chat import REASONING_TOKENS
from rag.models.chat import OpenAIChat
from rag.models.cpu import usable_cores
from rag.models.embeddings import MiniLM
from rag.models.embeddings import TOKENIZER_FILE
from rag.models.embeddings import build_embedder
from rag.models.embeddings import batches_by_length
from rag.models.fitted_weights import Finite
from rag.models.fitted_weights import FrozenModel
from rag.models.fitted_weights import Weight
from rag.models.openai_client import OpenAIServer
from rag.models.openai_client import Remedies
from rag.models.token_embeddings import TokenEncoder
from rag.query.answer_type import AnswerType
from rag.query.answer_type import expected_answer_type
from rag.query.plan import QueryPlan
from rag.query.question_kind import AnswerKind
from rag.query.question_kind import KINDS as ANSWER_KINDS
from rag.query.question_kind import KindWeights
from rag.query.question_kind import VECTOR_SIZE as QUESTION_VECTOR_SIZE
from rag.query.question_kind import WEIGHTS as QUESTION_KIND_FILE
from rag.query.question_kind import fold_question
from rag.query.question_kind import scale_features
from rag.query.question_kind import wording_features
from rag.retrieval.evidence import select_evidence
from rag.retrieval.hybrid import Retriever
from rag.store.library_schema import SCHEMA
from rag.store.fts5 import fts_expression
from rag.store.fts5_tokens import Fts5Tokenizer
from rag.store.full_text import query_terms
from rag.store.vectors import VectorStore
from rag.text.dates import DATE_WORDS
from rag.text.dates import find_dates
from rag.text.language import language_of
from rag.text.machine_orders import WEIGHTS as ORDERS_FILE
from rag.text.machine_orders import is_order
from rag.text.machine_orders import order_features
from rag.text.names import Name
from rag.text.names import find_names
from rag.text.names import name_keys
from rag.text.names import name_runs
from rag.text.names import sentence_starts
from rag.text.negation import has_negation
from rag.text.quantities import find_quantities
from rag.text.language import STOP_WORDS
from rag.text.speakers import speeches
from rag.text.tokens import content_stem
from rag.text.tokens import content_stems
from rag.text.tokens import stem
from rag.text.units import Unit
from rag.text.units import parse_units

__all__ = [
    "ANSWERABILITY_FILE",
    "ANSWER_KINDS",
    "ARTICLE_CHANCE_FILE",
    "DATE_WORDS",
    "FEATURE_NAMES",
    "HOSTED_BUDGET_TOKENS",
    "ORDERS_FILE",
    "PAIR_FEATURE_NAMES",
    "PAIR_SCORER_FILE",
    "QUESTION_KIND_FILE",
    "QUESTION_VECTOR_SIZE",
    "REASONING_TOKENS",
    "SCHEMA",
    "SCORER_FILE",
    "STOP_WORDS",
    "TOKENIZER_FILE",
    "AnswerKind",
    "AnswerType",
    "Answerability",
    "AnswerabilityModel",
    "AnswerabilityWeights",
    "ArticleReader",
    "ArticleReading",
    "ArticleWeights",
    "Checker",
    "Contradiction",
    "FeatureName",
    "Features",
    "Finite",
    "FrozenModel",
    "Fts5Tokenizer",
    "GivenAnswer",
    "KindWeights",
    "LikenessModel",
    "MiniLM",
    "Name",
    "OpenAIChat",
    "OpenAIServer",
    "PairFeatures",
    "PairModel",
    "PairScorer",
    "Point",
    "Preparer",
    "QueryPlan",
    "RayPreparer",
    "ReadingProcess",
    "Remedies",
    "Retriever",
    "Scorer",
    "ScorerModel",
    "ScorerWeight",
    "SentenceInContext",
    "TextKind",
    "ThreadPreparer",
    "TokenEncoder",
    "Unit",
    "VectorStore",
    "Weight",
    "WordForms",
    "are_far_apart",
    "ask_if_answered",
    "ask_short_answer",
    "batches_by_length",
    "build",
    "build_embedder",
    "chunk_document",
    "content_stem",
    "content_stems",
    "embedding_text",
    "expected_answer_type",
    "find_contradictions",
    "find_dates",
    "find_names",
    "find_near_copies",
    "find_other_answers",
    "find_quantities",
    "fold_question",
    "fts_expression",
    "has_negation",
    "is_order",
    "is_plausible_short_answer",
    "language_of",
    "load_article_weights",
    "log_odds",
    "lowest_score",
    "name_keys",
    "name_runs",
    "order_features",
    "overall_score",
    "parse_units",
    "pipeline",
    "prompts",
    "query_terms",
    "read_in_context",
    "read_page",
    "reasons_against",
    "scale_features",
    "select_evidence",
    "sentence_starts",
    "sentences_of_others",
    "short_title",
    "speeches",
    "stands_alone",
    "stem",
    "suggest",
    "usable_cores",
    "wording_features",
]
