"""SQLAlchemy's ORM: relationships, units of work, bulk work, locks, versions."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)
from sqlalchemy.orm.exc import StaleDataError

from tests.drivers.conftest import Compare
from tests.drivers.engines import engine_on
from tests.drivers.notes import Notes
from tests.drivers.place import Place


class Base(DeclarativeBase):
    pass


written_by = sa.Table(
    "written_by",
    Base.metadata,
    sa.Column("book_id", sa.ForeignKey("book.id"), primary_key=True),
    sa.Column("author_id", sa.ForeignKey("author.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    books: Mapped[list[Book]] = relationship(
        secondary=written_by, back_populates="authors", order_by="Book.id"
    )


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(80))
    version: Mapped[int] = mapped_column()
    authors: Mapped[list[Author]] = relationship(secondary=written_by, back_populates="books")
    chapters: Mapped[list[Chapter]] = relationship(
        back_populates="book", cascade="all, delete-orphan", order_by="Chapter.number"
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Chapter(Base):
    __tablename__ = "chapter"
    book_id: Mapped[int] = mapped_column(sa.ForeignKey("book.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    words: Mapped[int | None]
    book: Mapped[Book] = relationship(back_populates="chapters")


def library(session: Session) -> None:
    ada, bob = Author(name="Ada Łovelace"), Author(name="Bob")
    for number in range(3):
        chapters = [Chapter(number=n, words=100 * n or None) for n in range(number + 1)]
        book = Book(title=f"Volume {number} 📖", authors=[ada, bob][: number + 1])
        book.chapters = chapters
        session.add(book)
    session.commit()


def contents(session: Session) -> list[Any]:
    books = sa.select(Book).options(selectinload(Book.chapters), selectinload(Book.authors))
    return [
        (
            book.id,
            book.title,
            book.version,
            [author.name for author in sorted(book.authors, key=lambda author: author.id)],
            [(chapter.number, chapter.words) for chapter in book.chapters],
        )
        for book in session.scalars(books.order_by(Book.id))
    ]


def keep_a_library(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            library(session)
            seen("made", contents(session))
            first = session.scalars(sa.select(Book).order_by(Book.id)).first()
            assert first is not None
            first.title = "Renamed"
            first.chapters.append(Chapter(number=9))
            session.flush()
            seen("flushed", contents(session))
            session.rollback()
            seen("rolled back", contents(session))
            last = session.scalars(sa.select(Book).order_by(Book.id.desc())).first()
            assert last is not None
            last.chapters.pop(0)
            session.delete(first)
            session.commit()
            seen("deleted", contents(session))
        with Session(engine) as session:
            authors = sa.select(Author).options(joinedload(Author.books)).order_by(Author.id)
            loaded = session.scalars(authors).unique().all()
            seen("joined", [(author.name, [b.title for b in author.books]) for author in loaded])
            seen("lazy", [len(book.chapters) for book in loaded[0].books])
            words = sa.select(Book.title, sa.func.sum(Chapter.words)).join(Book.chapters)
            grouped = words.group_by(Book.id, Book.title).order_by(Book.id)
            seen("aggregated", [tuple(row) for row in session.execute(grouped)])


def test_objects_and_their_relations_are_kept(compare: Compare, dialect: str) -> None:
    seen = compare(keep_a_library, dialect)
    assert [book[1] for book in seen["made"]] == [f"Volume {number} 📖" for number in range(3)]
    assert seen["flushed"][0][1] == "Renamed"
    assert seen["rolled back"] == seen["made"]
    assert len(seen["deleted"]) == 2


def nest_units_of_work(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Author(name="kept"))
            with session.begin_nested():
                session.add(Author(name="nested"))
            with pytest.raises(sa.exc.IntegrityError) as caught, session.begin_nested():
                session.add(Author(name="kept"))
            seen("refused", caught.value.orig.args)
            session.add(Author(name="after it"))
            session.commit()
            seen("names", session.scalars(sa.select(Author.name).order_by(Author.name)).all())


def test_a_failed_nested_unit_leaves_the_outer_one(compare: Compare, dialect: str) -> None:
    seen = compare(nest_units_of_work, dialect)
    assert seen["names"] == ["after it", "kept", "nested"]
    assert seen["refused"][0] == 1062


def work_in_bulk(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            authors = [{"name": f"author {number:04}"} for number in range(1500)]
            session.execute(sa.insert(Author), authors)
            session.add_all(Author(name=f"object {number}") for number in range(50))
            session.commit()
            seen("count", session.scalar(sa.select(sa.func.count()).select_from(Author)))
            updates = [{"id": number, "name": f"changed {number}"} for number in range(1, 200)]
            session.execute(sa.update(Author), updates)
            some = sa.delete(Author).where(Author.name.like("author %5"))
            seen("deleted", session.execute(some).rowcount)
            session.commit()
            names = sa.select(Author.id, Author.name).order_by(Author.id)
            seen("names", [tuple(row) for row in session.execute(names)])


def test_rows_are_inserted_and_changed_in_bulk(compare: Compare, dialect: str) -> None:
    seen = compare(work_in_bulk, dialect)
    assert seen["count"] == 1550
    assert seen["names"][0] == (1, "changed 1")


def collide(place: Place, dialect: str, seen: Notes) -> None:
    with engine_on(place, dialect) as engine:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            library(session)
        with Session(engine) as one, Session(engine) as two:
            mine = one.scalars(sa.select(Book).order_by(Book.id)).first()
            theirs = two.scalars(sa.select(Book).order_by(Book.id)).first()
            assert mine is not None
            assert theirs is not None
            theirs.title = "theirs"
            two.commit()
            mine.title = "mine"
            with pytest.raises(StaleDataError) as caught:
                one.commit()
            seen("stale", str(caught.value))
            one.rollback()
            locked = sa.select(Book).order_by(Book.id).with_for_update()
            seen("locked", [book.title for book in one.scalars(locked)])
            one.commit()


@pytest.mark.real_servers("it has one writer at a time")
def test_a_stale_object_is_not_written(compare: Compare, dialect: str) -> None:
    seen = compare(collide, dialect)
    assert "1" in seen["stale"]
    assert seen["locked"][0] == "theirs"
