"""Reads of insights: `told` figures of a root, `scores` of prescriptores, `contacts` of a member,
`invitations` and consents."""

from ugc.insights.queries.scores import Row as Row
from ugc.insights.queries.scores import first_degree as first_degree
from ugc.insights.queries.scores import pagerank as pagerank
from ugc.insights.queries.scores import prescriptores as prescriptores
