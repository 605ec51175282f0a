"""Templates compiled for one language and one build of the files in `static/build`.

What a template says with literals alone is worked out when it is compiled: a translated text, an
icon, the address of a built file or of a page without arguments. Each language has an environment
of its own, and a new build replaces them, so that nothing of another language or build is kept."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, cast

from flask import current_app
from flask import templating as flask_templating
from flask_babel import get_locale, get_translations
from jinja2 import Template, nodes
from jinja2.utils import internalcode
from jinja2.visitor import NodeTransformer
from werkzeug.routing import BuildError

from ugc.core import builds

# Functions that give the same for the same words within one language and build.
FOLDED: dict[str, Callable[..., Any]] = {}


def foldable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a function of templates whose answer depends on its arguments, the language and the
    build alone: it is called when the template is compiled, if the arguments are literals."""
    FOLDED[function.__name__] = function
    return function


class _Template(Template):
    """Keeps what an import gives, without asking each time whether the importing template was given
    globals of its own: none of ours is."""

    def _get_default_module(self, ctx: Any = None) -> Any:
        return super()._get_default_module()


class Environment(flask_templating.Environment):
    """Finds each template in the environment of the language in force and of the present build."""

    template_class = _Template
    language: str | None = None  # None: the one that the others are made of
    _lock = Lock()

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **{"cache_size": -1, **options})
        self._of: dict[str, Environment] = {}
        self._build: str | None = None

    def _here(self) -> Environment:
        language, build = str(get_locale()), builds.current().version
        found = self._of.get(language) if build == self._build else None
        if found is None:
            with self._lock:
                if build != self._build:
                    self._of, self._build = {}, build
                found = self._of.get(language)
                if found is None:
                    found = self.overlay(cache_size=-1)
                    found.language = language
                    self._of[language] = found
        return found

    @internalcode
    def get_template(self, *args: Any, **kwargs: Any) -> Template:
        if self.language is None:
            return self._here().get_template(*args, **kwargs)
        return super().get_template(*args, **kwargs)

    @internalcode
    def select_template(self, *args: Any, **kwargs: Any) -> Template:
        if self.language is None:
            return self._here().select_template(*args, **kwargs)
        return super().select_template(*args, **kwargs)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.language is None:  # a template of a string
            return tree
        return cast(nodes.Template, _Folding(self, name, tree).visit(tree))


class _Folding(NodeTransformer):
    """Replaces calls with literal arguments by what they give."""

    def __init__(self, environment: Environment, name: str | None, tree: nodes.Template) -> None:
        self.environment = environment
        self.context = nodes.EvalContext(environment, name)
        # A name that the template gives to something else means that.
        self.own = {each.name for each in tree.find_all(nodes.Name) if each.ctx != "load"}
        self.own |= {each.name for each in tree.find_all(nodes.Macro)}

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802  (Jinja's name)
        self.generic_visit(call)
        if not isinstance(call.node, nodes.Name) or call.node.name in self.own:
            return call
        name = call.node.name
        if call.dyn_args is not None or call.dyn_kwargs is not None:
            return call
        try:
            given = [each.as_const(self.context) for each in call.args]
        except nodes.Impossible:
            return call
        if name in ("_", "gettext"):
            made = self._text(call, given)
        elif call.kwargs:
            return call
        elif name == "url_for":
            made = self._address(given)
        elif name in FOLDED:
            made = nodes.Const(FOLDED[name](*given))
        else:
            return call
        if made is None:
            return call
        made.set_lineno(call.lineno)
        made.set_environment(self.environment)
        return made

    def _text(self, call: nodes.Call, given: list[Any]) -> nodes.Expr | None:
        """The translated format, filled as Jinja's own `gettext` does."""
        if len(given) != 1 or not isinstance(given[0], str):
            return None
        text = nodes.MarkSafeIfAutoescape(nodes.Const(get_translations().ugettext(given[0])))
        pairs = [nodes.Pair(nodes.Const(each.key), each.value) for each in call.kwargs]
        return nodes.Mod(text, nodes.Dict(pairs))

    def _address(self, given: list[Any]) -> nodes.Expr | None:
        if len(given) != 1 or given[0].startswith("."):
            return None
        try:
            return nodes.Const(current_app.url_map.bind("localhost").build(given[0]))
        except BuildError:
            return None
