"""Every threshold and weight that decides how a question is answered, with where it comes from.

Weights that were fitted stand in JSON files beside the code that reads them. Where "golden" is
named, the value was chosen on `eval/cases/seeds.jsonl`; docs/evaluation.md says what was measured
on questions on which nothing was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Ranking of chunks (`rag.retrieval.hybrid`)."""

    depth: int = 100
    """Chunks of each search, so that most of what one finds has a score in the other too."""
    dense_weight: float = 0.7
    """Of the cosine similarity, beside BM25: best of 0.3 to 0.8 on SciFact; 0.6 to 0.8 differ by
    less than chance."""
    timely_bonus: float = 0.1
    """For an article of the time that the question names, and taken from one that is too old;
    0.05 to 0.2 tried on RealTimeQA."""
    age_malus: float = 0.05
    """Taken from an article a year older than the question or more, where it names no time."""
    year_days: int = 365
    conversation_bonus: float = 0.5
    """For a hit in a document that the last answer cites: 0.05 of a unit's relevance; 0 to 0.15
    of an earlier scale tried on 62 follow-ups."""
    max_per_document: int = 5
    """Hits of one document while others have some: 1 to 5 tried on RealTimeQA."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Ranking of the units of the hits (`rag.retrieval.unit_ranking`)."""

    max_units: int = 48
    """Read in their context for one question: about 0.8 s on two cores."""
    own_weight: float = 0.3
    """Of a unit's own tokens, beside the unit in its context."""
    paragraph_weight: float = 0.4
    """Of the tokens of its paragraph: by 226 questions of three sets, the weights of each chosen on
    the other two."""
    context_weight: float = 0.3
    """Of the question read behind the last turn, where it has no meaning of its own; 62 follow-ups
    of our own."""
    words_weight: float = 0.1
    """Of the share of the question's words, beside MaxSim."""
    document_weight: float = 0.05
    """The same in its document."""
    max_document_chars: int = 50_000
    """Of a document, in which they are looked for: about 0.1 s, once for each document."""
    max_front_chars: int = 400
    """Of a document, in which it may name its author, place and date."""
    hit_weight: float = 0.1
    """Of the score of the chunk, 0..1: what is said nearby tells what a unit is about."""
    amount_bonus: float = 0.025
    """For a unit with a number, where a number is asked for; golden."""


@dataclass(frozen=True, slots=True)
class Extractive:
    """Answers made of units, without a language model (`rag.answering.extractive`)."""

    close_to_best: float = 0.875
    """Of the best unit's relevance, for a further unit of the same answer."""
    close_to_best_statement: float = 0.735
    """The same among what one person says."""
    close_to_best_supporting: float = 0.915
    """The same beside a sentence that answers."""
    min_relevance_supporting: float = 0.785
    """Of a unit beside a sentence that answers: where little is relevant, the rest is noise. With
    0.8 for both, 66 answers of the broad set make no point more and are less precise."""
    min_p_answered_point: float = 0.6
    """Of a point that stands in no paragraph of an answer (`rag.answering.stray_points`)."""
    min_p_answered_speech: float = 0.45
    """The same of what one speaker says."""
    more_below_answer: float = 0.15
    """So much more is needed below a direct answer."""
    max_supporting: int = 3
    max_closest: int = 2
    """Passages that are quoted where no answer could be written."""
    name_weight: float = 1.5
    """Of a name of the question that may be the speaker's, beside another word."""
    list_advantage: float = 0.17
    """How much less relevant than the best unit a list's items may be, on the whole, and be the
    answer."""
    relevance_weight: float = 0.9
    """Of relevance beside difference, where several units are chosen; 0.7, 0.85 and 1 tried on the
    broad and the fresh set."""
    close_to_best_reason: float = 0.78
    """The same among the units of a reason; 0.6 to 0.92 tried on the broad and the fresh set."""
    max_points: int = 4
    before_weight: float = 0.5
    """Of the relevance of the unit before, for a reason."""
    after_weight: float = 0.3
    """Of that of the unit after."""
    min_side_share: float = 0.735
    """Of the best unit's relevance, in the best of each side; else no sides are told apart."""
    max_points_a_side: int = 3
    """Of a comparison."""
    close_to_best_side: float = 0.825
    """Of the best unit's relevance, for another of the same side."""
    head_chars: int = 200
    """Of a document, in which it may name itself."""
    close_to_best_steps: float = 0.96
    """Of the best unit's relevance, for the mean of the steps of a numbered list; where it answers
    how something is done 0.97 to 1, where something else is asked 0.86 and less, of six questions
    of our own, before paragraphs counted."""
    min_items_for_list: int = 3
    """Points of one list, for all of it to be the answer."""
    max_list_items: int = 200
    """Of a list or table of the source: more than anyone reads in an answer."""
    max_listed_values: int = 20
    """Of one sort, in a line above the sentences that mention them."""
    list_tokens: int = 1000
    """Of units in which a small model looks for the items of a list: some ten seconds."""
    max_loose_items: int = 6
    """Of a list that the documents do not have as one."""
    max_announcing_words: int = 6
    """Of a sentence that says that something follows."""
    max_statement_points: int = 6
    """From here, nothing more of what one person says is added."""
    max_quoted: int = 8
    """Units of a statement, with the quotations going on."""
    account_malus: float = 0.17
    """For what is told of a speaker, beside his own words."""
    min_speaker_share: float = 0.6
    """Of the weight of the names by which somebody is asked about, in those of a speaker."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Summaries made of quoted units (`rag.answering.summary`); weights tried on the broad set and
    on two thirds of the fresh one."""

    max_document_units: int = 60
    """Units of one document that are embedded: about half a second on two cores."""
    max_points: int = 8
    """For one document of 24 units or more; three each for two or three, one each for more."""
    min_words: int = 8
    """Of a point, unless all units are shorter."""
    units_per_point: int = 3
    """A short document has fewer points, but three."""
    max_documents: int = 20
    line_units: int = 24
    """Units that are read of a document of which one point is wanted, from its beginning: a fifth
    of a second."""
    detail_read: int = 3
    """Times as many points are read by a large model that writes the summary."""
    min_topic_share: float = 0.8
    """Of the best hit's score, for another document of the topic to be summarized."""
    max_topic_documents: int = 3
    min_topic_likeness: float = 0.6
    """Of the words that name the topic, in its nearest document; 30 topics of the broad and the
    fresh set have 0.61 and more, 10 of 11 that no article is about less."""
    min_topic_word_count: int = 2
    """Of a topic, in a paragraph that is about it; with one, summaries of whole documents lose."""
    min_topic_words: float = 0.5
    """Of the words of a topic, by rarity, in the paragraphs of a document that are about it."""
    close_to_best_paragraph: float = 0.6
    """Of the share in the best of them."""
    early_weight: float = 0.3
    """For the first unit of a document, falling to 0 for the last."""
    opening_weight: float = 0.3
    """For the first unit of a section."""
    title_weight: float = 0.3
    """Of the likeness to the title."""
    centre_weight: float = 0.3
    """Of the likeness to the mean of all units."""
    set_off_weight: float = 0.3
    """For one that begins in italics or bold, where nobody speaks."""
    word_weight: float = 0.005
    """For each word, up to 40."""
    figure_weight: float = 0.05
    """For each figure, up to three."""
    leaning_malus: float = 0.1
    """For a unit that cannot be read without the one before or the introduction of its list."""
    quotation_malus: float = 0.2
    """For one that goes on with a quotation."""
    same_section_malus: float = 0.1
    """Taken for each point from the same section, and from the same paragraph."""
    near_malus: float = 0.1
    """Taken for one beside a chosen one, less the farther it stands from it; 0 to 0.3 differ by
    less than chance on the broad set."""
    relevance_weight: float = 0.7
    """Of relevance beside difference."""
    max_likeness: float = 0.92
    """Cosine similarity from which two units say the same."""


@dataclass(frozen=True, slots=True)
class Answering:
    """When a question is answered, and what may stand in the answer (`rag.answering`).

    `p_answered` is the probability of the small model's "yes" to "does the text state the answer?";
    `chance` is the fitted chance that an article answers (`rag.checking.answerability`).
    """

    max_small_budget_tokens: int = 1000
    """A model whose best budget of passages is below this is asked and checked as a small one."""
    sure_p_answered: float = 0.78
    """From here no other passage is asked about, and a reply may stand with reserves; golden."""
    min_likeness: float = 0.06
    """Of the chance by likeness alone, for a model to be asked at all: of 370 questions of ClapNQ
    and RAGTruth with what answers them the least is 0.12, of 140 golden ones 0.085."""
    min_chance: float = 0.25
    """Below, nothing is written; golden and ClapNQ, 250 questions."""
    min_chance_yes_no: float = 0.2
    """The same for a question of yes or no: a sentence seldom states a "no"."""
    min_chance_quoted: float = 0.45
    """For a sentence of the article in place of a reply that failed."""
    min_chance_doubted: float = 0.75
    """For the same, where the model was not sure of it and nothing it wrote of it is supported, but
    the few words that answer stand in it; two golden questions, one either way."""
    min_chance_described: float = 0.75
    """For a description ("what is", "why") in which the model found no short answer."""
    min_grounding: float = 0.47
    """Of the grounding score, for a claim that the checks let pass in part; golden."""
    min_p_answered_points: float = 0.55
    """For points to stand, unless a reply from them does; this and the next three by 200 questions
    of the broad, the fresh and the golden set, and whether their points answer."""
    min_p_answered_reason: float = 0.62
    """The same of reasons, unless the model is sure of what is explained."""
    min_p_answered_lead: float = 0.3
    """For a sentence to be written above points."""
    min_p_answered_list: float = 0.8
    """The same of a list that the source does not have as one."""
    min_p_answered_by_form: float = 0.5
    """The same of a list of the source and the sides of a comparison."""
    min_p_premise: float = 0.55
    """Of the model's "yes" to what a "why" takes for granted; 17 that it may and 22 that it may
    not, of our own: at 0.55 a lead or points stand for 16 and 6 of them."""
    sure_p_premise: float = 0.9
    """From here no false premise of the same questions is."""
    min_p_premise_doubted: float = 0.35
    """The same, for a reason to be looked for that proves it."""
    min_p_answered_closest: float = 0.8
    """For the closest passages to be quoted where what the model wrote did not stand."""
    min_p_answered_closest_yes_no: float = 0.55
    max_passages_of_phrase: int = 2
    """Of the best, to be quoted where one has what the last question is asked of anew."""
    min_chance_quoting: float = 0.3
    """Of points without a model."""
    min_chance_by_form: float = 0.1
    """The same of those that were chosen by form too."""
    lead_tokens: int = 220
    """Of points, that a small model reads before a lead: about five seconds on two cores."""
    sure_chance: float = 0.75
    """Of an answer, for "yes, this answers the question"."""
    sure_chance_written: float = 0.5
    """The same where it begins with a sentence of the model's that the checks let pass; golden, 11
    of 11."""
    max_judged: int = 4
    """Passages put to the model, best first: each costs a request."""
    max_attempts: int = 2
    """Replies written before declining: more than a person would wait for on two cores."""
    min_question_overlap: float = 0.34
    """Of the question's words, in what is cited and the title of its article; golden."""
    min_quote_overlap: float = 0.55
    """Of the question's words, in a sentence quoted in place of a failed one, where the chance of
    an answer is not known; golden."""
    context_chars: int = 4000
    """On either side of a quote, in which the rest of a shortened name may stand."""


@dataclass(frozen=True, slots=True)
class Article:
    """Answers from whole articles (`rag.answering.article_reader`)."""

    max_articles: int = 2
    """Read for one question."""
    close_to_best: float = 0.875
    """Of the best passage's relevance, for the best of another article, to read that too."""
    max_tokens: int = 1100
    """Of an article that is read whole: about 25 s on two cores when it is read first, one or two
    when it was read before."""
    max_part_tokens: int = 600
    """Of a longer one."""
    reach: int = 3
    """Units on either side of a passage of a longer one."""
    min_chance: float = 0.65
    """That what is cited for a reply answers, for it to stand."""
    min_chance_reason: float = 0.75
    """The same for a reason, whose question may take for granted what is not so."""
    quoted_factor: float = 1.15
    """Times as much where none of the reply's sentences stands, only quotations in their place."""
    sure_p_confirmed: float = 0.8
    """Of the model's "yes" to its own reply; from here a sentence that is supported in part may
    stand."""
    min_share_quoted: float = 0.6
    """Of what a reply says beyond the question, in the sentences that are quoted in its place."""


@dataclass(frozen=True, slots=True)
class Query:
    """Reading a question (`rag.query`)."""

    min_kind_probability: float = 0.45
    """Of the kind of answer, for anything but a fact."""
    min_conversation_probability: float = 0.9
    """For a message to be no question of the articles: it is not looked for then."""
    fresh_days: int = 14
    """News of "this week" is in articles up to so old; RealTimeQA."""
    recent_days: int = 60
    """What happened "recently" is not in older articles."""
    reported_days: int = 7
    """After a month or a year, in which its news is still reported."""
    pasted_words: int = 60
    """From here, in `pasted_sentences` that ask nothing, a text was pasted."""
    pasted_sentences: int = 3
    min_letters: int = 4
    """A shorter word is near too many others."""
    min_letters_for_two_edits: int = 8
    min_name_count: int = 3
    """Occurrences of a name before another word is read as it."""
    max_ending: int = 4
    """Letters of a word that its stem may lack: "-ment"."""
    max_stems: int = 24
    """Whose words are compared, nearest first."""
    min_part: int = 3
    """Letters of each of two words written as one."""
    max_places: int = 6
    """Of a stem at which it is looked up how the articles write it."""
    max_past_turns: int = 3
    """With which a follow-up is read."""
    min_words_of_own: int = 4
    """From here a question finds its articles in spite of a pronoun; 50 follow-ups of our own."""
    min_words_without_pronoun: int = 3
    """Below, a question without a name is read with the last one; the same 50."""
    max_phrase_words: int = 5
    """Of a question that is no sentence: "for night shifts?"."""
    max_name_chars: int = 100_000
    """Of what was cited, searched for names."""
    max_readings: int = 6
    """Of a follow-up, that are compared with the articles."""
    max_context_chars: int = 200
    """Of what is added to a follow-up."""


@dataclass(frozen=True, slots=True)
class Checking:
    """Citing and checking a claim (`rag.checking`)."""

    min_supported_coverage: float = 0.75
    """Of the claim's words in its quotes, for "supported"; changed true sentences and golden."""
    min_partial_coverage: float = 0.6
    """The same for "partial", where the grounding score does not decide."""
    repeated_weight: float = 0.3
    """Of a word that a reply repeats from the question, where it is looked for in an article."""
    max_score_against_rules: float = 0.1
    """Of a claim that a rule says is false."""
    hint_bonus: float = 0.05
    """For a passage that the model named: it breaks near-ties only."""
    length_malus: float = 0.02
    """For each further sentence: of equal carriers the narrowest is cited."""
    min_added_share: float = 0.1
    """Of the claim, that a further citation must carry."""
    min_short_answer_overlap: float = 0.5
    """Of what a short answer adds to the question, in the text; golden."""
    min_new_words_in_headline: int = 2
    """Beside the question's, in a line of capitalised words that may answer."""
    min_quoted_share: float = 0.6
    """Of a claim's words in quotation marks, for it to be someone's own words."""
    min_copied_share: float = 0.6
    """Of the claim's words in line with the source, for gaps to mean something."""
    min_block_words: int = 3
    """Words in line, for a "not" among them to stand in the same place."""
    gap_chars: int = 3
    """Of white space between neighbouring sentences, at most."""
    max_quotes: int = 3
    """Sentences of the source with which the grounding features compare a claim at once."""
    min_copied_run: int = 4
    """Words in a row that are copied, and do not match by chance."""
    max_density: float = 30.0
    """Of the extractive density of Grusky et al. (2018)."""
    max_reasons: int = 4
    """Of each kind, that the grounding features count."""
    max_source_sentences: int = 30
    """That a claim is compared with, those that share most words: more would take seconds."""
    score_softness: float = 2.0
    """Between the mean of the chances of sentences (1) and that of their log-odds (infinite);
    1 to 3 differ by less than chance on the judged sets."""
    min_clipped_chance: float = 0.02
    """A chance nearer to 0 or 1 is taken as this near: log-odds are infinite there."""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Comparing an answer with other sources (`rag.conflicts`); chosen on the disagreement sets
    that are shipped in eval/cases, by docs/experiments.md."""

    max_cited: int = 24
    """Citations of one answer that are looked up in the library, for near copies."""
    max_searched: int = 15
    """Chunks of other documents that are read for one of them: the copy may be one of many."""
    max_searched_words: int = 12
    """By which such chunks are searched for."""
    min_words_in_copy: float = 0.75
    """Of a unit's words, that stand in a near copy."""
    shared_per_other: int = 8
    """Words that two near copies share, for each that only one of them has."""
    min_shared_in_copy: int = 3
    """Words and values that two near copies must share where no text around is copied."""
    min_shared_by_name: int = 5
    """The same where a name or a date differs: of shorter ones both may be right."""
    min_shared_by_figure: int = 10
    """The same next to an unchanged figure, which may be true of two things."""
    units_around: int = 4
    """On either side, by which a copied text is told from a sentence that is like another."""
    min_words_around: int = 3
    """Of a unit that counts for this."""
    min_question_words: float = 0.7
    """Of a question, that two units which answer it hold, each in its context."""
    units_around_answer: int = 1
    """On either side of such a unit, in which its subject may be named."""
    max_parsed_chars: int = 50_000
    """Of a longer document, only what surrounds a place is read."""
    surrounding_chars: int = 4_000
    """On either side of such a place."""
    max_days_between: int = 30
    """Between two articles, beyond which a thing may have changed."""
    max_contradictions: int = 2
    """In free wording, of one answer."""
    max_shown: int = 6
    """Contradictions that one answer tells; every claim that rests on one is marked."""
    context_chars: int = 400
    """Before a sentence, in which who and what it speaks of is named."""
    min_spelling_similarity: float = 0.9
    """Of two names that may be one name, spelt in two ways."""
    rounding_tolerance: float = 0.03
    """Of the larger of two figures that agree."""
    approximate_tolerance: float = 0.15
    """The same where one of them says "about"."""
    max_read: int = 6
    """Sentences of other documents, best first, of which the likeliest are asked about."""
    max_asked: int = 2
    """Sentences that the model is asked about: each costs a request or two."""
    min_max_sim: float = 0.55
    """Of the question in a sentence and those before it."""
    min_word_overlap: float = 0.2
    """Of the shorter of two such texts with the other: they tell of the same event."""
    min_p_answered: float = 0.7
    """Of the model's "yes, this states the answer" to another sentence."""
    min_p_answered_no: float = 0.5
    """The same where the answer is "no": a sentence seldom states one."""
    min_p_yes: float = 0.98
    """From here the model's "yes" is one; it says "yes" to nearly everything."""
    max_p_no: float = 0.87
    """Up to here, beside a "yes", its "yes" is a "no"."""
    min_shared_stems: int = 2
    """That two sentences have in common, for them to be compared."""
    min_shared_fraction: float = 0.2
    """The same, of the stems of the shorter sentence."""
    window_words: int = 3
    """On either side of a point, that are compared by themselves."""


RETRIEVAL = Retrieval()
EVIDENCE = Evidence()
ANSWERING = Answering()
ARTICLE = Article()
QUERY = Query()
SUMMARY = Summary()
EXTRACTIVE = Extractive()
CHECKING = Checking()
CONFLICTS = Conflicts()
