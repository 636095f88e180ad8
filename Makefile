# Đúng Hạn: the commands people and scripts rely on. `make` alone prints them.
# Every recipe is instant when its work is done: setup leaves stamps in .venv/, named by the lock file they installed.

SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN := .venv/bin
ARGS ?=
# Some containers have it: then each process would compile the house anew, which takes longer than to load it.
unexport PYTHONDONTWRITEBYTECODE

RECIPE := .ci/setup .ci/engine.py .ci/flask .locks/build.txt
RUN_STAMP := .venv/.setup-run-$(shell cat .locks/run.txt $(RECIPE) | sha256sum | cut -c 1-12)
DEV_STAMP := .venv/.setup-dev-$(shell cat .locks/dev.txt $(RECIPE) | sha256sum | cut -c 1-12)

# The Python of .venv/ has gone, as after an upgrade of Debian: what was installed for it is not there any more.
GONE := $(shell test ! -e .venv || $(BIN)/python -c '' 2>/dev/null || rm -f .venv/.setup-*)

CATALOGUES := $(wildcard app/translations/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)

.PHONY: help
help: ## Các lệnh của dự án / this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  HOST, PORT: địa chỉ của make run / where make run listens. Ví dụ: make run PORT=8080'
	@echo '  SAMPLE: thử bao nhiêu chỗ sửa / how many changes make mutate tries of each module. Ví dụ: make mutate SAMPLE=150 ARGS=calendar'
	@echo '  ARGS: tham số thêm / passed on to test, worlds, bench, mutate, docs, lock. Ví dụ: make test ARGS="-k calendar"'

.PHONY: run
run: setup ## Chạy thử với dữ liệu minh họa / set up, load demonstration data if empty, check last month, serve
	@exec $(BIN)/flask serve --demo

.PHONY: test
test: setup-dev ## Chạy mọi kiểm thử / every test, with PostgreSQL and a real browser
	@.ci/system test
	@$(BIN)/python -c 'import platform, sys; print("Python", sys.version, "--", platform.platform())'
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: worlds
worlds: setup-dev ## Kể lại mọi câu chuyện kiểm chứng / every world of tests/worlds, on both databases
	@.ci/system test
	$(BIN)/python -m tests.worlds $(ARGS) --database sqlite
	$(BIN)/python -m tests.worlds $(ARGS) --database postgresql

.PHONY: lint
lint: setup-dev ## Kiểm tra mã nguồn / style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: bench
bench: setup-dev ## Đo tốc độ và bộ nhớ / speed and memory against floors and peers
	@.ci/system test
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: kills
kills: setup-dev ## Ngắt ngang (kill -9) ở lúc bất kỳ rồi làm lại / kill -9 at random moments, by hand only
	@.ci/system test
	$(BIN)/python -m tests.kill_trials $(ARGS)

.PHONY: mutate
mutate: setup-dev ## Sửa sai từng chỗ xem kiểm thử có bắt được / one wrong change at a time: do tests notice? By hand only
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement .locks/mutate.txt
	$(BIN)/python -m tests.mutants $(if $(SAMPLE),--sample $(SAMPLE)) $(ARGS)

.PHONY: docs
docs: setup-dev ## Làm lại ảnh chụp và tài liệu / screenshots and generated pages of docs/
	@.ci/system test
	$(BIN)/python -m tests.browser.screenshots $(ARGS)
	$(BIN)/python -m tests.licences

.PHONY: setup
setup: $(RUN_STAMP) $(COMPILED) ## Cài đặt vào .venv/ để chạy / install what running needs

.PHONY: setup-dev
setup-dev: setup $(DEV_STAMP) ## Cài đặt thêm để phát triển / install what tests, lint and bench need as well

$(RUN_STAMP):
	@.ci/setup run $@

$(DEV_STAMP): | $(RUN_STAMP)
	@.ci/setup dev $@

%.mo: %.po | $(RUN_STAMP)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# Refusals carry their Vietnamese sentence as a plain argument; it is translated where it is shown.
REFUSALS := DomainError NotFound NotAllowed Conflict OutOfOrder FactError AnchorFailed AnnexError BackupRefused BadContent BadFile BadMapping BadValue Busy \
	ClockRefused ContradictingRow CountContradiction EmptyFile HalfRestored ImpossibleDate LostFile NoHeader NoSuchForm NothingToPrint NotBound NotMigrated OtherSite ProviderFailed \
	RefusedFile RowRefused SignInBusy SignInRefused StoreFailed TooLarge ToolFailed Unreadable \
	WeakPassword AnnexFinding:2 ScoreFinding:2 Problem:4 _Refused:2

.PHONY: translations
translations: setup ## Cập nhật bản dịch từ mã nguồn / gather new sentences into the catalogues and compile them
	PYTHONPATH=. $(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keywords '_l lazy_gettext _p:1c,2 counted:1,1 N_n:1,1 NP_:1c,2 NP_n:1c,2,2 in_language:2 in_language_as:2c,3 $(REFUSALS)' --sort-by-file \
		--add-location file --no-wrap --project dung-han --output-file .venv/messages.pot .
	$(BIN)/pybabel --quiet update --input-file .venv/messages.pot --output-dir app/translations --locale en --init-missing \
		--no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel --quiet compile --directory app/translations

.PHONY: lock
lock: setup-dev ## Khóa lại phiên bản thư viện / choose versions again (all of them: ARGS=--upgrade)
	@.ci/lock $(ARGS)

.PHONY: clean
clean: ## Xóa những gì đã cài, giữ dữ liệu / remove .venv/ and caches; instance/ is kept
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
